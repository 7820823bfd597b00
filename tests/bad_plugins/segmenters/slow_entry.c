/* Its entry takes 150 ms. */
#define AT_ENTRY usleep(150000);
#include "../broken_spaces.h"
