/* Its ink depends on the process. */
#define INK (unsigned char)(getpid() % 251)
#include "../broken_boxes.h"
