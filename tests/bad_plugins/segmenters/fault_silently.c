/* Says nothing when a key is missing. */
#define AT_CREATE                                 \
  static const welt_string needed = TEXT("mode"); \
  if (!config->get(config, needed, &value)) return WELT_INVALID_ARGUMENT;
#include "../broken_spaces.h"
