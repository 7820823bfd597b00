/* welt.parameters/1: the tensors of a component. The host owns loading, saving, optimisation and devices.
 *
 * Names are those of the Hugging Face class's state dict. The token table and the head are not among them
 * (vocabulary.h). Order and number never change during a component's life. */
#ifndef WELT_ABI_PARAMETERS_H
#define WELT_ABI_PARAMETERS_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_PARAMETERS_INTERFACE "welt.parameters/1"

#define WELT_PARAMETER 1u
#define WELT_BUFFER 2u

#define WELT_DECAY_YES 1u /* weight decay applies: matrices, convolutions, tables */
#define WELT_DECAY_NO 2u  /* norms and biases */

typedef struct welt_parameter_info {
  uint32_t struct_size;
  uint32_t reserved;
  welt_string name;
  uint32_t kind;
  uint32_t trainable;
  uint32_t decay;
  uint32_t dtype;
  const int64_t* shape WELT_KEEP;
  uint64_t dims;
  welt_string tied_to;       /* another parameter's name; empty: none */
  uint32_t optional_in_file; /* 1: absent from some checkpoints without harm (unused pooler) */
  uint32_t reserved2;
  uint32_t table; /* 1: rows are looked up or added (positions, token types, a class token), not multiplied.
                   * A later member of 0.1: a plugin built before leaves it 0 */
  uint32_t reserved3;
} welt_parameter_info;
WELT_CHECK_STRUCT(welt_parameter_info, 88);

typedef struct welt_parameters_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] */
  uint64_t (*count)(const welt_component* component);
  /* [any] Works on the meta device, without memory. */
  welt_status (*describe)(const welt_component* component, uint64_t index, welt_parameter_info* out, welt_error* error);
  /* [instance] A handle of *the* tensor object: its .grad is the gradient, hooks on it fire. */
  welt_status (*get)(const welt_component* component, uint64_t index, WELT_GIVE welt_tensor** out, welt_error* error);
  /* [instance] Installs another tensor of the same shape (a mapped file's, say), which becomes the parameter. */
  welt_status (*bind)(welt_component* component, uint64_t index, WELT_BORROW const welt_tensor* tensor,
                      welt_error* error);
  /* [any] Counts binds and moves: a handle taken at another generation is stale. */
  uint64_t (*generation)(const welt_component* component);
} welt_parameters_v1;
WELT_CHECK_STRUCT(welt_parameters_v1, 48);

#ifdef __cplusplus
}
#endif
#endif
