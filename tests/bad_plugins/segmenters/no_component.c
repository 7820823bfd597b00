/* create() says that all is well and gives nothing. */
#define AT_CREATE \
  if (index == 0 && init == WELT_INIT_RANDOM) return WELT_OK;
#include "../broken_spaces.h"
