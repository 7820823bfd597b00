/* Does not look at what `init` is. */
#define AT_CREATE init = WELT_INIT_RANDOM;
#include "../broken_spaces.h"
