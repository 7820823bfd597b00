// KV caches of component.h.
#include <algorithm>

#include "core/tensor/tensor_component_state.h"

namespace welt {

welt_kv_cache* Cache::raw() const { return handle_->cache; }

std::vector<std::int64_t> Cache::lengths() const {
  const std::int64_t rows = handle_->table->lengths(handle_->component->raw(), raw(), nullptr, 0);
  std::vector<std::int64_t> result(static_cast<std::size_t>(std::max<std::int64_t>(rows, 0)));
  handle_->table->lengths(handle_->component->raw(), raw(), result.data(), rows);
  return result;
}

std::int64_t Cache::bytes() const { return handle_->table->bytes(handle_->component->raw(), raw()); }

void Cache::reorder(const std::vector<std::int64_t>& index) {
  CallError error;
  error.check(handle_->table->reorder(handle_->component->raw(), raw(), index.data(),
                                      static_cast<std::int64_t>(index.size()), error.raw()),
              "reordering the rows of a cache");
}

void Cache::truncate(const std::vector<std::int64_t>& lengths) {
  CallError error;
  error.check(handle_->table->truncate(handle_->component->raw(), raw(), lengths.data(),
                                       static_cast<std::int64_t>(lengths.size()), error.raw()),
              "shortening a cache");
}

Cache Cache::fork() const {
  auto copy = std::make_shared<Handle>(handle_->component, handle_->table);
  CallError error;
  error.check(handle_->table->fork(handle_->component->raw(), raw(), &copy->cache, error.raw()), "copying a cache");
  copy->require_made("copying a cache");
  return Cache(std::move(copy));
}

Cache TensorComponent::make_cache(std::int64_t batch, std::int64_t capacity, std::int64_t rollback) {
  const auto& table = state_->component->require<welt_kv_cache_v1>(WELT_KV_CACHE_INTERFACE);
  auto handle = std::make_shared<Cache::Handle>(state_->component, &table);
  CallError error;
  error.check(table.create(state_->raw(), batch, capacity, rollback, &handle->cache, error.raw()),
              state_->what("making a cache"));
  handle->require_made("making a cache");
  return Cache(std::move(handle));
}

}  // namespace welt
