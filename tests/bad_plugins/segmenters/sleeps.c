/* Never comes back from segment(). */
#define AT_SEGMENT \
  for (;;) pause();
#include "../broken_spaces.h"
