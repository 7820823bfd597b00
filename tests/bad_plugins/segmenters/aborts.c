/* Ends the process in segment(). */
#define AT_SEGMENT abort();
#include "../broken_spaces.h"
