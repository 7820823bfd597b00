/* Says that it was built with a sanitizer that this build has not, and whose runtime would end this process. */
#include "fake.h"
#ifdef __SANITIZE_THREAD__
#define OTHER_SANITIZER WELT_SANITIZER_ADDRESS
#else
#define OTHER_SANITIZER WELT_SANITIZER_THREAD
#endif
FAKE_NOTE("sanitized", WELT_ABI_MAJOR, WELT_ABI_MINOR, WELT_KIND_TORCH_FREE, 0, 0, WELT_STRING_ABI_NONE,
          OTHER_SANITIZER);
FAKE_UNREACHED_ENTRY
