/* Takes every piece of a text for its last. */
#define AT_SEGMENT is_final = 1;
#include "../broken_spaces.h"
