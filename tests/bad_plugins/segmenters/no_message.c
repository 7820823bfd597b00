/* Refuses a component number without a word. */
#define AT_CREATE \
  if (index >= COMPONENTS) return WELT_OUT_OF_RANGE;
#include "../broken_spaces.h"
