/* Takes it that there is an error object for text that is no UTF-8. */
#define AT_SEGMENT \
  if (error == 0 && text.size > 0 && text.data[0] == '\xFF') __builtin_trap();
#include "../broken_spaces.h"
