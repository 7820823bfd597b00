/* welt.latent_transformer/1: the large causal model over word vectors.
 *
 * The host owns table and head (vocabulary.h); this is the body between them, up to and including the final norm. */
#ifndef WELT_ABI_LATENT_TRANSFORMER_H
#define WELT_ABI_LATENT_TRANSFORMER_H
#include "kv_cache.h"
#include "plugin.h"
#include "rows.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_LATENT_TRANSFORMER_INTERFACE "welt.latent_transformer/1"

typedef struct welt_latent_transformer_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] D of the hidden states. */
  int64_t (*width)(const welt_component* component);
  /* [any] Longest row, 0: unlimited. */
  int64_t (*max_positions)(const welt_component* component);
  /* [instance] rows → hidden in the same layout, after the final norm, before the head. positions: I64 [tokens] or [N,T];
   * null: cached length of the row + index, whatever key_valid says. They feed position tables and rotary only.
   * With a cache the new slots are appended to it; on failure the cache is as before. */
  welt_status (*forward)(welt_component* component, WELT_BORROW const welt_rows* rows,
                         WELT_BORROW const welt_attention* attention,
                         WELT_BORROW const welt_tensor* positions WELT_NULLABLE,
                         welt_kv_cache* cache WELT_NULLABLE, WELT_GIVE welt_tensor** hidden, welt_error* error);
} welt_latent_transformer_v1;
WELT_CHECK_STRUCT(welt_latent_transformer_v1, 32);

#ifdef __cplusplus
}
#endif
#endif
