/* Its entry gives another table at every call. */
#define AT_ENTRY                                                                                               \
  static welt_plugin tables[8];                                                                                \
  static unsigned calls;                                                                                       \
  if (WELT_HAS(host, get_service) && host->abi_major == WELT_ABI_MAJOR && host->abi_minor >= WELT_ABI_MINOR && \
      calls < 8) {                                                                                             \
    tables[calls] = plugin;                                                                                    \
    *out = &tables[calls++];                                                                                   \
    return WELT_OK;                                                                                            \
  }
#include "../broken_spaces.h"
