/* Its ink depends on how many states were made before. */
#define INK (unsigned char)(state->number)
#include "../broken_boxes.h"
