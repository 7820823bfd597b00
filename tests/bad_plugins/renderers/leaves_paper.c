/* Leaves the last column as it is. */
#define DRAWN_WIDTH (width - 1)
#include "../broken_boxes.h"
