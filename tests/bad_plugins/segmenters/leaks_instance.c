/* Forgets 40 bytes of every component. */
#define AT_CREATE                                \
  static void* volatile lost;                    \
  if (init == WELT_INIT_RANDOM) lost = malloc(40);
#include "../broken_spaces.h"
