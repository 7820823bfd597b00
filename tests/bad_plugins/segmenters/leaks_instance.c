/* Forgets 40 bytes of every component. */
#define AT_CREATE \
  if (init == WELT_INIT_RANDOM && !(lost = malloc(40))) return WELT_RESOURCE_EXHAUSTED;
static void* volatile lost;
#include "../broken_spaces.h"
