// See tensor_memory.h.
#include "core/tensor/tensor_memory.h"

#include <c10/core/CPUAllocator.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "core/tensor/block_arena.h"

namespace welt {
namespace {

constexpr std::size_t least = 64 << 10;  // bytes of a block
constexpr std::size_t line = 64;
// Behind each block, so that tensors of one size do not all begin at the same place of a page, where they would stand
// in each other's way in the caches.
constexpr std::size_t shift = 3 * line;

class TensorMemory final : public c10::Allocator {
 public:
  TensorMemory(c10::Allocator& others, char* base, std::size_t capacity)
      : others_(others), base_(base), capacity_(capacity), arena_(capacity) {}

  c10::DataPtr allocate(std::size_t bytes) override {
    void* data = bytes < least ? nullptr : take(bytes);
    if (data == nullptr) data = others_.raw_allocate(bytes);
    return {data, data, raw_deleter(), c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override;
  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }

  void release(void* data) {
    const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(data) - reinterpret_cast<std::uintptr_t>(base_);
    if (begin >= capacity_) return others_.raw_deallocate(data);  // so is what lies before the range: it wraps around
    const std::lock_guard lock(mutex_);
    arena_.give_back(begin);
  }

  std::size_t capacity() const { return capacity_; }

 private:
  void* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto begin = arena_.take((bytes + line - 1) / line * line + shift);
    return begin ? base_ + *begin : nullptr;
  }

  c10::Allocator& others_;
  char* const base_;
  const std::size_t capacity_;
  std::mutex mutex_;
  BlockArena arena_;
};

// Lives as long as the process: the last tensors go when all else has gone.
TensorMemory* memory = nullptr;

c10::DeleterFnPtr TensorMemory::raw_deleter() const {
  return [](void* data) {
    if (data != nullptr) memory->release(data);
  };
}

}  // namespace

void keep_tensor_memory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they look at malloc's blocks
  const char* asked = std::getenv("WELT_TENSOR_MEMORY");
  if (memory != nullptr || (asked != nullptr && std::string_view(asked) == "malloc")) return;
  const auto capacity =
      static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* base = mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return;
  memory = new TensorMemory(*c10::GetCPUAllocator(), static_cast<char*>(base), capacity);
  c10::SetCPUAllocator(memory);
#endif
}

std::string tensor_memory_state() {
  if (memory == nullptr) return "tensors from malloc, too";
  return fmt::format("tensors of {} KB and more in a range of {:.0f} GB", least >> 10,
                     static_cast<double>(memory->capacity()) / 1e9);
}

}  // namespace welt
