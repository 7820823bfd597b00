/* The default of a key is outside its range. */
#define DEFAULT_SPACES "40"
#include "../broken_spaces.h"
