/* Asks for the log in its entry. */
#define AT_ENTRY                                     \
  static const welt_string log = TEXT("welt.log/1"); \
  if (WELT_HAS(host, get_service)) host->get_service(host, log);
#include "../broken_spaces.h"
