/* Writes to nowhere in segment(). */
#define AT_SEGMENT *(volatile int*)8 = 0;
#include "../broken_spaces.h"
