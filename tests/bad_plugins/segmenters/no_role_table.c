/* Has no table for the role that it lists. */
#define SAME(a, b) \
  ((a).size == strlen(b) && memcmp((a).data, b, (a).size) == 0 && strcmp(b, WELT_SEGMENTER_INTERFACE) != 0)
#include "../broken_spaces.h"
