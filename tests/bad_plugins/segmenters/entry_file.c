/* Its entry leaves a file open. */
#define AT_ENTRY \
  if (open("/dev/null", O_RDONLY) < 0) return WELT_UNAVAILABLE;
#include "../broken_spaces.h"
