/* Takes a negative limit for none. */
#define AT_SEGMENT                                \
  welt_segment_limits mended = whole(limits);     \
  if (mended.max_bytes < 0) mended.max_bytes = 0; \
  limits = &mended;
#include "../broken_spaces.h"
