/* Writes to nowhere when a component is made. */
#define AT_CREATE            \
  int* volatile nowhere = 0; \
  *nowhere = 0;
#include "../broken_spaces.h"
