/* Writes to nowhere in segment(). */
#define AT_SEGMENT           \
  int* volatile nowhere = 0; \
  *nowhere = 0;
#include "../broken_spaces.h"
