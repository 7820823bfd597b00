/* Built for another major version of the plugin ABI. */
#include "fake.h"
FAKE_NOTE("other_abi", 99, 4, WELT_KIND_TORCH_FREE, 0, 0, WELT_STRING_ABI_NONE, 0);
FAKE_UNREACHED_ENTRY
