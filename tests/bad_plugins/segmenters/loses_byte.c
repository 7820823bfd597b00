/* Its last word ends before the last byte. */
#define AFTER_SEGMENT \
  if (words > 0 && ends[words - 1] > 3) *consumed = --ends[words - 1];
#include "../broken_spaces.h"
