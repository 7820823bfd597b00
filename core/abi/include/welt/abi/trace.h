/* welt.trace/1: intermediate values by name, for diffing two implementations. Nothing is kept without a callback.
 *
 * Names: "hidden_states.<i>": 0 the embeddings, i after block i, as Hugging Face's output_hidden_states counts;
 * "layers.<i>.<part>": what a part of block i gives, "layers.3.attention". Others are the plugin's own.
 * Each is told once a call, in the layout of the rows: [N,T,D] or [tokens,D]. */
#ifndef WELT_ABI_TRACE_H
#define WELT_ABI_TRACE_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_TRACE_INTERFACE "welt.trace/1"

typedef void (*welt_trace_fn)(void* user_data, WELT_BORROW welt_string name, WELT_BORROW const welt_tensor* value);

typedef struct welt_trace_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] Called during forward and encode; null switches it off. */
  welt_status (*set)(welt_component* component, welt_trace_fn callback WELT_NULLABLE, void* user_data,
                     welt_error* error);
} welt_trace_v1;
WELT_CHECK_STRUCT(welt_trace_v1, 16);

#ifdef __cplusplus
}
#endif
#endif
