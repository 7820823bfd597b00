/* Takes half an hour for a long text. */
#define AT_SEGMENT \
  if (text.size > 100000) sleep(1800);
#include "../broken_spaces.h"
