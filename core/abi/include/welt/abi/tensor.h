/* welt.tensor/1 (host service): tensors for plugins that do not link LibTorch.
 *
 * A welt_tensor* is an opaque handle: a heap box that holds one at::Tensor. A torch-linked plugin, whose note matched the
 * host's LibTorch, casts it (welt/sdk/torch.hpp does so); everyone else goes through this table. A handle is released by
 * whoever owns it; cloning makes a second handle of the *same* tensor (same storage, same autograd identity).
 * DLPack carries data only: it silently drops the autograd graph, so never use it for activations. */
#ifndef WELT_ABI_TENSOR_H
#define WELT_ABI_TENSOR_H
#include "base.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_TENSOR_SERVICE "welt.tensor/1"

typedef struct welt_tensor_service {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] A new CPU tensor, contiguous, copied from `data` (null: zeros). */
  welt_status (*make)(uint32_t dtype, const int64_t* shape, uint64_t dims, const void* data WELT_NULLABLE,
                      WELT_GIVE welt_tensor** out, welt_error* error);
  /* [any] A second handle of the same tensor. */
  welt_status (*clone_handle)(const welt_tensor* tensor, WELT_GIVE welt_tensor** out, welt_error* error);
  /* [any] Gives a handle back; null is allowed. */
  void (*release)(WELT_GIVE welt_tensor* tensor WELT_NULLABLE);
  /* [any] Number of dimensions; writes at most `capacity` sizes to `shape`. */
  uint64_t (*shape)(const welt_tensor* tensor, int64_t* shape WELT_NULLABLE, uint64_t capacity);
  /* [any] WELT_DTYPE_…, or 0 for a type without a constant. */
  uint32_t (*dtype)(const welt_tensor* tensor);
  /* [any] Elements of a contiguous CPU tensor, row-major; fails for another device or layout (clone it contiguous
   * through DLPack first). The pointer is valid as long as the handle. */
  welt_status (*data)(const welt_tensor* tensor, WELT_KEEP void** out, welt_error* error);
  /* [any] A DLManagedTensor* (DLPack v0 ABI) that shares memory; its deleter is the receiver's to call. */
  welt_status (*to_dlpack)(const welt_tensor* tensor, WELT_GIVE void** dl_managed_tensor, welt_error* error);
  /* [any] Takes a DLManagedTensor*; on failure it stays the caller's. */
  welt_status (*from_dlpack)(WELT_GIVE void* dl_managed_tensor, WELT_GIVE welt_tensor** out, welt_error* error);
} welt_tensor_service;
WELT_CHECK_STRUCT(welt_tensor_service, 72);

#ifdef __cplusplus
}
#endif
#endif
