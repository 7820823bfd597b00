/* welt.kv_cache/1: what a causal component remembers between calls of forward().
 *
 * A cache is opaque, belongs to one component, and has B rows of `capacity` slots. A dense forward appends T slots to
 * *every* row; a packed one appends each row's own tokens. Holes (key_valid false) stay slots. */
#ifndef WELT_ABI_KV_CACHE_H
#define WELT_ABI_KV_CACHE_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_KV_CACHE_INTERFACE "welt.kv_cache/1"

typedef struct welt_kv_cache welt_kv_cache;

typedef struct welt_kv_cache_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] An empty cache. `capacity` slots a row (more are an error of forward: WELT_OUT_OF_RANGE); `rollback`: how
   * many slots truncate() must be able to take back. */
  welt_status (*create)(welt_component* component, int64_t batch, int64_t capacity, int64_t rollback,
                        WELT_GIVE welt_kv_cache** out, welt_error* error);
  /* [instance] Rows B; writes the filled slots of each of the first `count` rows. */
  int64_t (*lengths)(const welt_component* component, const welt_kv_cache* cache, int64_t* lengths WELT_NULLABLE,
                     int64_t count);
  /* [instance] Bytes of memory held. */
  int64_t (*bytes)(const welt_component* component, const welt_kv_cache* cache);
  /* [instance] New row i is old row index[i]; rows may be dropped or repeated. */
  welt_status (*reorder)(welt_component* component, welt_kv_cache* cache, const int64_t* index, int64_t count,
                         welt_error* error);
  /* [instance] Row i keeps its first lengths[i] slots; going back further than `rollback`, or forward, is an error. */
  welt_status (*truncate)(welt_component* component, welt_kv_cache* cache, const int64_t* lengths, int64_t count,
                          welt_error* error);
  /* [instance] An independent copy. */
  welt_status (*fork)(welt_component* component, const welt_kv_cache* cache, WELT_GIVE welt_kv_cache** out,
                      welt_error* error);
  /* [any] null is allowed. */
  void (*release)(welt_component* component, WELT_GIVE welt_kv_cache* cache WELT_NULLABLE);
} welt_kv_cache_v1;
WELT_CHECK_STRUCT(welt_kv_cache_v1, 64);

#ifdef __cplusplus
}
#endif
#endif
