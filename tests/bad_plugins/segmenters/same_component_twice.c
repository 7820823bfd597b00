/* Two of its components have one id. */
#define COMPONENTS 2
#define MODEL_TYPES 0
#include "../broken_spaces.h"
