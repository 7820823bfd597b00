/* Words of two characters and more lose their first byte to a word of its own. */
#define AFTER_SEGMENT                                                                              \
  if (words == 1 && ends[0] > 1 && is_final && words < capacity && *(signed char*)text.data < 0) { \
    ends[1] = ends[0];                                                                             \
    ends[0] = 1;                                                                                   \
    *count = 2;                                                                                    \
  }
#include "../broken_spaces.h"
