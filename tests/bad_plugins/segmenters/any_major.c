/* Says nothing of the version of a host of another major. */
#define AT_ENTRY                                                        \
  if (WELT_HAS(host, abi_major) && host->abi_major != WELT_ABI_MAJOR) { \
    *out = &plugin;                                                     \
    return WELT_OK;                                                     \
  }
#include "../broken_spaces.h"
