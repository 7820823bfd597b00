/* Built with the other kind of std::string than the host's. */
#include "fake.h"
FAKE_NOTE("old_strings", WELT_ABI_MAJOR, WELT_ABI_MINOR, WELT_KIND_TORCH_LINKED, LIBTORCH_MAJOR, LIBTORCH_MINOR,
          WELT_STRING_ABI_OLD, 0);
FAKE_UNREACHED_ENTRY
