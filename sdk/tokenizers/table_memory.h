// Memory of tables that are filled or asked at random: in huge pages where the system gives them on request, so that a
// table of megabytes costs few page faults and few misses of the address cache. Elsewhere it is ordinary memory.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

namespace welt::tokenizers {

template <typename T>
struct TableAllocator {
  using value_type = T;

  TableAllocator() = default;
  template <typename Other>
  TableAllocator(const TableAllocator<Other>&) noexcept {}

  T* allocate(std::size_t count) {
    constexpr std::size_t huge_page = std::size_t{1} << 21, worth_it = huge_page / 4;
    if (count > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_array_new_length();
    std::size_t size = count * sizeof(T);
    const bool is_large = size >= worth_it;
    if (is_large) size = (size + huge_page - 1) / huge_page * huge_page;
    void* memory = is_large ? std::aligned_alloc(huge_page, size) : std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    if (is_large) static_cast<void>(madvise(memory, size, MADV_HUGEPAGE));  // a wish: it may be refused
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) noexcept { std::free(memory); }

  bool operator==(const TableAllocator&) const = default;
};

template <typename T>
using Table = std::vector<T, TableAllocator<T>>;

}  // namespace welt::tokenizers
