/* welt.vocabulary/1: where Hugging Face keeps the token table and the head of this model, so that the host, which owns
 * both, needs no switch per architecture.
 *
 * Scenario: the host loads `table_name` from a checkpoint (first 256 rows become the byte table), looks tokens up, scales
 * them by `scale`, runs the body, applies head_transform when there is one, and multiplies by the head. */
#ifndef WELT_ABI_VOCABULARY_H
#define WELT_ABI_VOCABULARY_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_VOCABULARY_INTERFACE "welt.vocabulary/1"

typedef struct welt_vocabulary_info {
  uint32_t struct_size;
  uint32_t reserved;
  welt_string base_prefix;   /* "bert", "model": what the names of the body carry in a class with a head, without dot */
  welt_string table_name;    /* as in the class's state dict: "model.embed_tokens.weight" */
  welt_string head_name;     /* "lm_head.weight"; empty: the class has no head. Where tied, the name it would have */
  welt_string head_bias_name;/* empty: none */
  int64_t width;             /* E: width of the table (and of head_transform's output) */
  int64_t vocab_size;        /* rows of the table as configured */
  double scale;              /* multiplies the lookup; 0 means 1 */
  double logit_softcap;      /* cap·tanh(logits/cap); 0: none */
  uint32_t tied;             /* the configuration ties head and table */
  uint32_t reserved2;
  int64_t padding_row;       /* row of the table that gets no gradient (Hugging Face's padding_idx) + 1; 0: none */
  double initializer_range;  /* standard deviation of new table rows */
  int64_t first_position;    /* position of a row's first token. Not 0: the class does not count tokens of the padding
                              * row, which have the position before this one (RoBERTa) */
} welt_vocabulary_info;
WELT_CHECK_STRUCT(welt_vocabulary_info, 136);

typedef struct welt_vocabulary_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Texts live as long as the component. */
  welt_status (*describe)(const welt_component* component, welt_vocabulary_info* out, welt_error* error);
  /* [instance] hidden [..,D] → [..,E], what stands between body and head (MLM transform). Null: nothing does. */
  welt_status (*head_transform)(welt_component* component, WELT_BORROW const welt_tensor* hidden,
                                WELT_GIVE welt_tensor** out, welt_error* error);
} welt_vocabulary_v1;
WELT_CHECK_STRUCT(welt_vocabulary_v1, 24);

#ifdef __cplusplus
}
#endif
#endif
