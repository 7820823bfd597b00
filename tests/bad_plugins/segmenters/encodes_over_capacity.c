/* Writes one id more than there is room for. */
#define AFTER_ENCODE \
  if (text.size > capacity) ids[capacity] = 0;
#include "../broken_spaces.h"
