/* Does not look at limits. */
#define AT_SEGMENT                                  \
  welt_segment_limits none = {sizeof none};         \
  none.max_lookahead = whole(limits).max_lookahead; \
  limits = &none;
#include "../broken_spaces.h"
