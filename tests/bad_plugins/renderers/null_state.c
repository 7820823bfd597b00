/* Does not take null for a state. */
#define AT_RELEASE \
  if (state->number == 0) return;
#include "../broken_boxes.h"
