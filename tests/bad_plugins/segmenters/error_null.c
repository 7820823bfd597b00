/* Takes it that there is an error object. */
#define AT_CREATE \
  if (error == 0) __builtin_trap();
#include "../broken_spaces.h"
