/* Takes it that every host has a log. */
#define AT_CREATE                                    \
  static const welt_string log = TEXT("welt.log/1"); \
  if (*(const uint32_t*)host->get_service(host, log) == 0) return WELT_INTERNAL;
#include "../broken_spaces.h"
