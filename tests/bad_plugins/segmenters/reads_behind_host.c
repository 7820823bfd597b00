/* Reads members of the host that are not there. */
#define AT_ENTRY \
  if (host->get_service == 0) return WELT_INVALID_ARGUMENT;
#include "../broken_spaces.h"
