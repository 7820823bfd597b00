/* Refuses a value without a word. */
#define AT_CREATE                                            \
  static const welt_string factor_key = TEXT("rope.factor"); \
  welt_value factor = {sizeof factor};                       \
  if (config->get(config, factor_key, &factor) && factor.number < 0) return WELT_INVALID_ARGUMENT;
#include "../broken_spaces.h"
