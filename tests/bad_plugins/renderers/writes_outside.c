/* Writes one byte behind its image. */
#define AT_RENDER pixels[(height - 1) * stride + width] = 7;
#include "../broken_boxes.h"
