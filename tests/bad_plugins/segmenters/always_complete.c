/* Says of every word that it is complete. */
#define IS_COMPLETE (word.size < 1000)
#include "../broken_spaces.h"
