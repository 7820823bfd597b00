/* Sets the rounding of floating-point numbers in segment(). */
#define AT_SEGMENT fesetround(FE_UPWARD);
#include "../broken_spaces.h"
