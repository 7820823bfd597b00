/* A static variable counts its calls, and nothing else depends on it: two threads at once lose one now and then. */
#define AT_SEGMENT ++calls;
static unsigned long long calls;
#include "../broken_spaces.h"
