/* Every second call makes one word of the whole text. */
#define AFTER_SEGMENT    \
  static unsigned calls; \
  if (++calls % 2 == 0 && words > 1) ends[0] = done, *count = 1;
#include "../broken_spaces.h"
