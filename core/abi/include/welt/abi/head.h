/* welt.head/1: a head that is more than a product with its matrix, one that is rounded, say. Without it logits are the
 * product of head_transform's output (vocabulary.h) with the head.
 *
 * Scenario: the host keeps the head's matrix, as welt.vocabulary/1 says where it lives; for logits it hands hidden
 * states and the matrix over, adds the head's bias, and caps. */
#ifndef WELT_ABI_HEAD_H
#define WELT_ABI_HEAD_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_HEAD_INTERFACE "welt.head/1"

typedef struct welt_head_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] hidden [..,D], head [V,E] (the token table where tied) → [..,V], before bias and softcap. Both carry
   * their gradients. V is the host's: 256 for bytes. null, WELT_UNIMPLEMENTED: as without this interface. */
  welt_status (*logits)(welt_component* component, WELT_BORROW const welt_tensor* hidden,
                        WELT_BORROW const welt_tensor* head, WELT_GIVE welt_tensor** out, welt_error* error);
} welt_head_v1;
WELT_CHECK_STRUCT(welt_head_v1, 16);

#ifdef __cplusplus
}
#endif
#endif
