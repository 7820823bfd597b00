/* welt.bytes_encoder/1: reads a word's bytes. Any language model body can be one.
 *
 * Scenario: the host looks the bytes of all distinct words up in its byte table, hands the embeddings over as rows, gets
 * hidden states in the same layout, and pools them itself (first, last or mean; the descriptor has the default). */
#ifndef WELT_ABI_BYTES_ENCODER_H
#define WELT_ABI_BYTES_ENCODER_H
#include "plugin.h"
#include "rows.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_BYTES_ENCODER_INTERFACE "welt.bytes_encoder/1"

typedef struct welt_bytes_encoder_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] D of the hidden states. */
  int64_t (*width)(const welt_component* component);
  /* [any] Longest row, 0: unlimited. */
  int64_t (*max_positions)(const welt_component* component);
  /* [instance] rows → hidden [tokens,D] or [N,T,D], after all that Hugging Face does. `attention.kind` is FULL for masked
   * LMs, CAUSAL for causal ones. positions and token_types: I64 [tokens] or [N,T]; null: per row
   * 0,1,2… (or from first_position of vocabulary.h on), and 0.
   * `pooled` non-null: the class's own pooler output [N,D] is wanted; a class without one writes null. */
  welt_status (*encode)(welt_component* component, WELT_BORROW const welt_rows* rows,
                        WELT_BORROW const welt_attention* attention,
                        WELT_BORROW const welt_tensor* positions WELT_NULLABLE,
                        WELT_BORROW const welt_tensor* token_types WELT_NULLABLE, WELT_GIVE welt_tensor** hidden,
                        WELT_GIVE welt_tensor** pooled WELT_NULLABLE, welt_error* error);
} welt_bytes_encoder_v1;
WELT_CHECK_STRUCT(welt_bytes_encoder_v1, 32);

#ifdef __cplusplus
}
#endif
#endif
