/* Ends the process when a component is destroyed. */
#define AT_DESTROY abort();
#include "../broken_spaces.h"
