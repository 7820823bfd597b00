/* Lists one glyph more than there is room for. */
#define LISTED capacity + 1
#include "../broken_boxes.h"
