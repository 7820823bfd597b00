/* welt.mode/1: training or evaluation. A component starts in evaluation. Without this interface both are the same. */
#ifndef WELT_ABI_MODE_H
#define WELT_ABI_MODE_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_MODE_INTERFACE "welt.mode/1"

#define WELT_MODE_TRAINING 1u   /* dropout is on */
#define WELT_MODE_EVALUATION 2u

typedef struct welt_mode_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] */
  welt_status (*set)(welt_component* component, uint32_t mode, welt_error* error);
  /* [instance] Activation checkpointing of every n-th block; 0: off. Null: not supported. The component must live until
   * the backward of its calls is over. */
  welt_status (*checkpoint_every)(welt_component* component, int64_t blocks, welt_error* error);
} welt_mode_v1;
WELT_CHECK_STRUCT(welt_mode_v1, 24);

#ifdef __cplusplus
}
#endif
#endif
