/* Two of its components have one id. */
#define COMPONENTS 2
#include "../broken_spaces.h"
