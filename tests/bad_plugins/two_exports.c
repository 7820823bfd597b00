/* Exports a helper beside its entry. */
#include "fake.h"
FAKE_FREE_NOTE("two_exports");
FAKE_EXPORT int leaked_helper(int x);
FAKE_EXPORT int leaked_helper(int x) { return x + 1; }
FAKE_UNREACHED_ENTRY
