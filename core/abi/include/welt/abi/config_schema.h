/* welt.config_schema/1: which keys a component understands. Asked from the factory, before anything is created.
 *
 * The host checks values against it, prints it (`welt plugin describe`), and fills in the defaults. Without this
 * interface the host hands over whatever was written, unchecked. */
#ifndef WELT_ABI_CONFIG_SCHEMA_H
#define WELT_ABI_CONFIG_SCHEMA_H
#include "config.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_CONFIG_SCHEMA_INTERFACE "welt.config_schema/1"

#define WELT_CONFIG_NULLABLE 1u   /* null is allowed beside the type */
#define WELT_CONFIG_REQUIRED 2u   /* no default: must be given */
#define WELT_CONFIG_IRRELEVANT 4u /* known, and changes no result: a host may say so to whoever writes it */
#define WELT_CONFIG_SPELLING 8u   /* another name of the key before it, and counts where both are given */

typedef struct welt_config_key {
  uint32_t struct_size;
  uint32_t reserved;
  welt_string name;            /* dots for nesting */
  uint32_t type;               /* WELT_VALUE_… ; NUMBER accepts integers too. 0: any, the component checks it */
  uint32_t flags;
  welt_string default_json;    /* the default as JSON text: 12, 0.1, "gelu", null, [1, 2] */
  double minimum, maximum;     /* both 0: no range. Inclusive */
  welt_string_list choices;    /* for strings; empty: any */
  welt_string help;            /* one line */
} welt_config_key;
WELT_CHECK_STRUCT(welt_config_key, 96);

typedef struct welt_config_schema_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  const welt_config_key* keys WELT_KEEP;
  uint64_t count;
  uint32_t key_size;           /* sizeof(welt_config_key) as the plugin's compiler saw it: the stride of `keys` */
  uint32_t reserved2;
} welt_config_schema_v1;
WELT_CHECK_STRUCT(welt_config_schema_v1, 32);

#ifdef __cplusplus
}
#endif
#endif
