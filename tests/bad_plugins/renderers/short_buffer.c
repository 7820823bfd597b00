/* Ends the process for words that its buffer does not hold. */
#define AT_RENDER \
  if (word.size > 512) __builtin_trap();
#include "../broken_boxes.h"
