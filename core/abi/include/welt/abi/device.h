/* welt.device/1: moves a component's parameters. On the CPU that means their dtype. */
#ifndef WELT_ABI_DEVICE_H
#define WELT_ABI_DEVICE_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_DEVICE_INTERFACE "welt.device/1"

typedef struct welt_device_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] `device` is "cpu" (others: WELT_UNIMPLEMENTED); `dtype` a floating WELT_DTYPE_…, 0: unchanged. Parameter
   * objects are replaced: the generation counter of welt.parameters/1 rises. */
  welt_status (*to)(welt_component* component, WELT_BORROW welt_string device, uint32_t dtype, welt_error* error);
} welt_device_v1;
WELT_CHECK_STRUCT(welt_device_v1, 16);

#ifdef __cplusplus
}
#endif
#endif
