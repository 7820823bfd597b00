/* Leaves the process in segment(), as if all was well. */
#define AT_SEGMENT _exit(0);
#include "../broken_spaces.h"
