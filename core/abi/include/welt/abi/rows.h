/* What encoders and transformers are fed: rows of embeddings, and who sees whom.
 *
 * Letters: N rows, T positions of a row, S = cached + T positions, E embedding width, D width.
 *
 * Packed layout: embeds [tokens, E] with row_offsets I64 [N+1] on the CPU; row i is tokens row_offsets[i] … [i+1]-1. No
 * padding exists. Dense layout: embeds [N, T, E], row_offsets null. Every component takes dense rows; packed ones only
 * when its descriptor says WELT_COMPONENT_PACKED (else the host makes buckets of equal length).
 *
 * `embeds` is the token lookup after its scale: what Hugging Face calls inputs_embeds. */
#ifndef WELT_ABI_ROWS_H
#define WELT_ABI_ROWS_H
#include "base.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef struct welt_rows {
  uint32_t struct_size;
  uint32_t reserved;
  const welt_tensor* embeds WELT_BORROW;
  const welt_tensor* row_offsets WELT_BORROW; /* null: dense */
} welt_rows;
WELT_CHECK_STRUCT(welt_rows, 24);

#define WELT_ATTENTION_CAUSAL 1u
#define WELT_ATTENTION_FULL 2u

/* Who sees whom. Without `dense`: causal (or full) ∧ key_valid ∧ same document, ∨ same prefix block; sliding layers always
 * apply their window. With `dense` (dense rows only): it is the whole mask; kind, key_valid, documents, prefixes and
 * windows are ignored. Packed: key_valid, document_id, prefix_id are [tokens]; attention stays within a row.
 *
 * Slots: S = cached + T. Causality, windows and relative positions count slots, never position ids. With a cache,
 * document_id is null; with a cache and packed rows, key_valid is null. A query that sees no key gives finite output and
 * gradient 0. */
typedef struct welt_attention {
  uint32_t struct_size;
  uint32_t reserved;
  uint32_t kind;
  uint32_t reserved2;
  const welt_tensor* key_valid WELT_BORROW;   /* BOOL [N,S]; null: all */
  const welt_tensor* document_id WELT_BORROW; /* I64 [N,T]; null: one document a row */
  const welt_tensor* prefix_id WELT_BORROW;   /* I64 [N,T]; equal ids ≥ 0 of one row see each other; −1: no block */
  const welt_tensor* dense WELT_BORROW;       /* BOOL [N,1,T,S]; [n,0,q,k] true: q sees k */
} welt_attention;
WELT_CHECK_STRUCT(welt_attention, 48);

#ifdef __cplusplus
}
#endif
#endif
