/* A shared library that never heard of the note. */
#include "fake.h"
FAKE_UNREACHED_ENTRY
