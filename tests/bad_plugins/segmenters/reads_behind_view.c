/* Calls a function of the configuration view that is not there. */
#define AT_CREATE \
  if (config->count == 0) return refuse(error, WELT_INVALID_ARGUMENT, "no keys");
#include "../broken_spaces.h"
