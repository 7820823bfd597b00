/* Its ink depends on the thread. */
#define INK (unsigned char)(gettid() != getpid())
#include "../broken_boxes.h"
