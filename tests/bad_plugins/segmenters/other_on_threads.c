/* Makes other words on other threads than the first. */
#define AFTER_SEGMENT \
  if (words > 1 && gettid() != getpid()) ends[0] = done, *count = 1;
#include "../broken_spaces.h"
