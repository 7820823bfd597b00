/* Prints what it does. */
#define AT_SEGMENT puts("segmenting");
#include "../broken_spaces.h"
