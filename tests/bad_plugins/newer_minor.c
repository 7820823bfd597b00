/* Needs a minor version of the ABI that this host does not have yet. */
#include "fake.h"
FAKE_NOTE("newer_minor", WELT_ABI_MAJOR, 999, WELT_KIND_TORCH_FREE, 0, 0, WELT_STRING_ABI_NONE, 0);
FAKE_UNREACHED_ENTRY
