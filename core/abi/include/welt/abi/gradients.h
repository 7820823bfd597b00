/* welt.gradients/1: what a component's gradients are. Without it they are those of its function, as finite differences
 * give them, and `welt plugin check` compares the two. */
#ifndef WELT_ABI_GRADIENTS_H
#define WELT_ABI_GRADIENTS_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_GRADIENTS_INTERFACE "welt.gradients/1"

#define WELT_GRADIENTS_EXACT 1u
/* Values are rounded on the way (weights to -1, 0, 1, say), and gradients pass the rounding as if it were not there. */
#define WELT_GRADIENTS_STRAIGHT_THROUGH 2u

typedef struct welt_gradients_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] WELT_GRADIENTS_…; null, or a value that the host does not know: EXACT. */
  uint32_t (*kind)(const welt_component* component);
} welt_gradients_v1;
WELT_CHECK_STRUCT(welt_gradients_v1, 16);

#ifdef __cplusplus
}
#endif
#endif
