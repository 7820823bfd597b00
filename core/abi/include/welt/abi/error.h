/* welt.error/1 (host service): how a call that failed says why.
 *
 * Scenario: every fallible function takes a welt_error* last. The caller's side made it; the callee fills it before it
 * returns a non-zero status. A non-zero status with an empty message is a conformance failure. The object may be null:
 * then the caller wants the status only. */
#ifndef WELT_ABI_ERROR_H
#define WELT_ABI_ERROR_H
#include "base.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_ERROR_SERVICE "welt.error/1"

typedef struct welt_error_service {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Replaces what *error says; strings are copied. `source` names the plugin, file or function; `key` the config
   * key or tensor concerned, or is empty. */
  void (*set)(welt_error* error WELT_NULLABLE, welt_status status, WELT_BORROW welt_string message,
              WELT_BORROW welt_string source, WELT_BORROW welt_string key);
  /* [any] What *error holds: its status (0: nothing), and its texts, valid until the next set() on it. */
  welt_status (*get)(const welt_error* error, welt_string* message WELT_NULLABLE, welt_string* source WELT_NULLABLE,
                     welt_string* key WELT_NULLABLE);
} welt_error_service;
WELT_CHECK_STRUCT(welt_error_service, 24);

#ifdef __cplusplus
}
#endif
#endif
