/* Its entry takes 150 ms from the second call on. */
#define AT_ENTRY    \
  static int calls; \
  if (calls++ > 0) usleep(150000);
#include "../broken_spaces.h"
