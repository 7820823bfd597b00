/* Refuses an older host without a word. */
#define AT_ENTRY \
  if (WELT_HAS(host, abi_minor) && host->abi_major == WELT_ABI_MAJOR && host->abi_minor == 0) return WELT_UNAVAILABLE;
#include "../broken_spaces.h"
