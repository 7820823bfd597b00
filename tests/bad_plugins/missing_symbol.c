/* Calls a function that no library has: linked without -z defs. */
#include "fake.h"
FAKE_FREE_NOTE("missing_symbol");
int nobody_has_this_function(void);
FAKE_ENTRY {
  (void)host, (void)out, (void)error;
  return nobody_has_this_function();
}
