/* Forgets every state. */
#define AT_RELEASE return;
#include "../broken_boxes.h"
