/* Its entry refuses, and says why. */
#include "fake.h"
FAKE_FREE_NOTE("entry_fails");
FAKE_ENTRY {
  const welt_string service = {WELT_ERROR_SERVICE, sizeof WELT_ERROR_SERVICE - 1}, none = {0, 0};
  const welt_string message = {"the moon is in the wrong phase", 30}, source = {"entry_fails.c", 13};
  const welt_error_service* errors = host->get_service(host, service);
  (void)out;
  errors->set(error, WELT_UNAVAILABLE, message, source, none);
  return WELT_UNAVAILABLE;
}
