/* Its entry gives another table at every call. */
#define AT_ENTRY                                        \
  static welt_plugin tables[8];                         \
  static unsigned calls;                                \
  if (calls < 8) {                                      \
    tables[calls] = plugin;                             \
    *out = &tables[calls++];                            \
    return WELT_OK;                                     \
  }
#include "../broken_spaces.h"
