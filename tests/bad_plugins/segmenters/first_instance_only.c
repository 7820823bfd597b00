/* Makes other words once a component was destroyed. */
#define AT_DESTROY ended_once = 1;
#define AFTER_SEGMENT \
  if (ended_once && words > 1) ends[0] = done, *count = 1;
static int ended_once;
#include "../broken_spaces.h"
