/* Writes one end more than there is room for. */
#define AFTER_SEGMENT \
  if (words == capacity) ends[capacity] = 0;
#include "../broken_spaces.h"
