/* The configuration that a component is created with: a read-only view of checked keys.
 *
 * Keys equal those of a Hugging Face config.json; nested tables and lists are reached with dots: "rope_scaling.factor",
 * "architectures.0". The host has already filled in the defaults of welt.config_schema/1, checked types and ranges, and
 * refused unknown keys that a person wrote (unknown keys of a config.json are kept and may be asked for). */
#ifndef WELT_ABI_CONFIG_H
#define WELT_ABI_CONFIG_H
#include "base.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_VALUE_NULL 1u
#define WELT_VALUE_BOOL 2u   /* integer is 0 or 1 */
#define WELT_VALUE_INTEGER 3u
#define WELT_VALUE_NUMBER 4u
#define WELT_VALUE_STRING 5u
#define WELT_VALUE_LIST 6u   /* count elements at "<key>.0" … */
#define WELT_VALUE_TABLE 7u  /* members at "<key>.<name>" */

typedef struct welt_value {
  uint32_t struct_size;
  uint32_t reserved;
  uint32_t type;
  uint32_t reserved2;
  uint64_t count;    /* elements of a list, members of a table */
  int64_t integer;   /* BOOL, INTEGER */
  double number;     /* NUMBER, and INTEGER converted */
  welt_string string;
} welt_value;
WELT_CHECK_STRUCT(welt_value, 56);

typedef struct welt_config welt_config;
struct welt_config {
  uint32_t struct_size;
  uint32_t reserved;
  void* self;
  /* [any] The value at `key` → 1, or 0 when it is absent (*out untouched). Texts live as long as the view. */
  uint32_t (*get)(const welt_config* config, welt_string key, welt_value* out);
  /* [any] Top-level keys, in order. */
  uint64_t (*count)(const welt_config* config);
  welt_string (*key)(const welt_config* config, uint64_t index);
};
WELT_CHECK_STRUCT(welt_config, 40);

#ifdef __cplusplus
}
#endif
#endif
