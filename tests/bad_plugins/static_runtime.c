/* Says that it shares C++ objects with LibTorch, but brings its own C++ runtime: it needs no libstdc++. */
#include "fake.h"
FAKE_NOTE("static_runtime", WELT_ABI_MAJOR, WELT_ABI_MINOR, WELT_KIND_TORCH_LINKED, LIBTORCH_MAJOR, LIBTORCH_MINOR,
          WELT_STRING_ABI_NEW, 0);
FAKE_UNREACHED_ENTRY
