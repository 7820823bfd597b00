/* Reads limits that are not there. */
#define AT_SEGMENT \
  if (limits && limits->max_lookahead == 77) return WELT_INTERNAL;
#include "../broken_spaces.h"
