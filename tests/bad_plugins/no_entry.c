/* Exports nothing. */
#include "fake.h"
FAKE_FREE_NOTE("no_entry");
