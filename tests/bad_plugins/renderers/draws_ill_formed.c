/* Draws any bytes. */
#define CHARACTERS(word, at) (character(word, at) > 0 ? character(word, at) : 1)
#include "../broken_boxes.h"
