/* Its images are one pixel wider than whole blocks. */
#define EXTRA_WIDTH 1
#include "../broken_boxes.h"
