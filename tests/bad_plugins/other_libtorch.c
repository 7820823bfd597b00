/* Built with another LibTorch than the host's. */
#include "fake.h"
FAKE_NOTE("other_libtorch", WELT_ABI_MAJOR, WELT_ABI_MINOR, WELT_KIND_TORCH_LINKED, 1, 13, WELT_STRING_ABI_NEW, 0);
FAKE_UNREACHED_ENTRY
