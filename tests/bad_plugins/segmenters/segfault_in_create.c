/* Writes to nowhere when a component is made. */
#define AT_CREATE *(volatile int*)8 = 0;
#include "../broken_spaces.h"
