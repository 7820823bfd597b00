/* welt.log/1 (host service): the only way a plugin says anything. Plugins never print. */
#ifndef WELT_ABI_LOG_H
#define WELT_ABI_LOG_H
#include "base.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_LOG_SERVICE "welt.log/1"

#define WELT_LOG_DEBUG 1u
#define WELT_LOG_INFO 2u
#define WELT_LOG_WARNING 3u
#define WELT_LOG_ERROR 4u

typedef struct welt_log_service {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Is a message of this level shown? Ask before building a long one. */
  uint32_t (*enabled)(uint32_t level);
  /* [any] Writes one line; `source` is the plugin id. */
  void (*write)(uint32_t level, WELT_BORROW welt_string source, WELT_BORROW welt_string message);
} welt_log_service;
WELT_CHECK_STRUCT(welt_log_service, 24);

#ifdef __cplusplus
}
#endif
#endif
