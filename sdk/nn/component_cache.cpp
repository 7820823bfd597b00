// welt.kv_cache/1 over nn::Cache.
#include <welt/nn/cache.h>

#include <span>

#include "body_component.h"

struct welt_kv_cache {
  welt::nn::Cache cache;
  const welt::sdk::ModelComponent* owner;
};

namespace welt::sdk::detail {
namespace {

welt_status create(welt_component* component, std::int64_t batch, std::int64_t capacity, std::int64_t rollback,
                   welt_kv_cache** out, welt_error* error) {
  return torch_fence(error, "kv_cache", [&] {
    const ModelComponent& self = component_of(component);
    welt_kv_cache*& result = place(out);
    nn::Cache cache(self.model().cache_layout(), batch, capacity, rollback);
    result = std::make_unique<welt_kv_cache>(welt_kv_cache{std::move(cache), &self}).release();
  });
}

std::int64_t lengths(const welt_component* component, const welt_kv_cache* cache, std::int64_t* out,
                     std::int64_t count) {
  std::int64_t rows = 0;
  torch_fence(nullptr, "kv_cache", [&] {
    const std::vector<std::int64_t>& all = cache_of(component_of(component), cache).lengths();
    rows = static_cast<std::int64_t>(all.size());
    if (out != nullptr && count > 0) std::copy_n(all.begin(), std::min(rows, count), out);
  });
  return rows;
}

std::int64_t bytes(const welt_component* component, const welt_kv_cache* cache) {
  std::int64_t total = 0;
  torch_fence(nullptr, "kv_cache", [&] { total = cache_of(component_of(component), cache).bytes(); });
  return total;
}

std::span<const std::int64_t> span_of(const std::int64_t* values, std::int64_t count) {
  if (count < 0 || (values == nullptr && count > 0)) throw invalid("a list of rows is missing");
  return {values, static_cast<std::size_t>(count)};
}

welt_status reorder(welt_component* component, welt_kv_cache* cache, const std::int64_t* index, std::int64_t count,
                    welt_error* error) {
  return torch_fence(error, "kv_cache",
                     [&] { cache_of(component_of(component), cache).reorder(span_of(index, count)); });
}

welt_status truncate(welt_component* component, welt_kv_cache* cache, const std::int64_t* to, std::int64_t count,
                     welt_error* error) {
  return torch_fence(error, "kv_cache", [&] { cache_of(component_of(component), cache).truncate(span_of(to, count)); });
}

welt_status fork(welt_component* component, const welt_kv_cache* cache, welt_kv_cache** out, welt_error* error) {
  return torch_fence(error, "kv_cache", [&] {
    const ModelComponent& self = component_of(component);
    welt_kv_cache*& result = place(out);
    result = std::make_unique<welt_kv_cache>(welt_kv_cache{cache_of(self, cache).fork(), &self}).release();
  });
}

void release(welt_component*, welt_kv_cache* cache) {
  torch_fence(nullptr, "kv_cache", [&] { std::unique_ptr<welt_kv_cache> owner(cache); });
}

constexpr welt_kv_cache_v1 table = {.struct_size = sizeof(table),
                                    .create = create,
                                    .lengths = lengths,
                                    .bytes = bytes,
                                    .reorder = reorder,
                                    .truncate = truncate,
                                    .fork = fork,
                                    .release = release};

}  // namespace

nn::Cache& cache_of(const ModelComponent& component, const welt_kv_cache* cache) {
  if (cache == nullptr || cache->owner != &component) throw invalid("the cache belongs to another component");
  return const_cast<welt_kv_cache*>(cache)->cache;
}

const void* cache_table(const ModelComponent& component, std::string_view id) {
  return id == WELT_KV_CACHE_INTERFACE && !component.model().cache_layout().empty() ? &table : nullptr;
}

}  // namespace welt::sdk::detail
