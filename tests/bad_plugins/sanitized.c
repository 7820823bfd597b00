/* Says that it was built with the thread sanitizer, whose runtime would end this process. */
#include "fake.h"
FAKE_NOTE("sanitized", WELT_ABI_MAJOR, WELT_ABI_MINOR, WELT_KIND_TORCH_FREE, 0, 0, WELT_STRING_ABI_NONE,
          WELT_SANITIZER_THREAD);
FAKE_UNREACHED_ENTRY
