/* Draws any bytes. */
#define CHARACTERS(word, at) 1
#include "../broken_boxes.h"
