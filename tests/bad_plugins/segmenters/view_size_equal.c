/* Takes no configuration view of another size. */
#define AT_CREATE \
  if (config->struct_size != sizeof *config) return refuse(error, WELT_INVALID_ARGUMENT, "another size");
#include "../broken_spaces.h"
