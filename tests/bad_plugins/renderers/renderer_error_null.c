/* Takes it that there is an error object. */
#define AT_ILL_FORMED \
  if (error == 0) __builtin_trap();
#include "../broken_boxes.h"
