/* Takes no host whose table has another size than the one it knows. */
#define AT_ENTRY \
  if (host->struct_size != sizeof *host) return WELT_INVALID_ARGUMENT;
#include "../broken_spaces.h"
