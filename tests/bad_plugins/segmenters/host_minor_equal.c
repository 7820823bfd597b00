/* Takes no host of another minor version. */
#define AT_ENTRY                                                                                          \
  if (WELT_HAS(host, abi_minor) && host->abi_major == WELT_ABI_MAJOR && host->abi_minor > WELT_ABI_MINOR) \
    return WELT_FAILED_PRECONDITION;
#include "../broken_spaces.h"
