/* Leaves a file open at every create(). */
#define AT_CREATE \
  if (open("/dev/null", O_RDONLY) < 0) return WELT_UNAVAILABLE;
#include "../broken_spaces.h"
