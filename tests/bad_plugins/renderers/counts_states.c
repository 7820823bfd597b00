/* Its ink depends on how many states were made before. */
#define INK (unsigned char)(state->number)
#define NUMBER __atomic_add_fetch(&states, 1, __ATOMIC_RELAXED)
static int states;
#include "../broken_boxes.h"
