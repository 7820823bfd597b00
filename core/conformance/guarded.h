// Memory that ends where it may not be read any more: a plugin that reads or writes behind what it was given crashes at
// once instead of now and then.
#pragma once

#include <welt/abi/base.h>

#include <cstddef>
#include <string_view>

namespace welt::conformance {

// `size` bytes right in front of a page that nobody may touch; zero at first. Given back with the object, or kept for
// ever: plugins keep a pointer to the host's table.
class Guarded {
 public:
  enum class Keep { with_object, for_ever };
  explicit Guarded(std::size_t size, Keep keep = Keep::with_object);
  explicit Guarded(std::string_view text);
  ~Guarded();
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  void* data() const { return data_; }
  std::size_t size() const { return size_; }
  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  // The last `count` of it.
  template <typename T>
  T* last(std::size_t count) const {
    return reinterpret_cast<T*>(static_cast<char*>(data_) + size_) - count;
  }
  // Empty text points at the page that nobody may touch.
  welt_string text() const { return {static_cast<const char*>(data_), size_}; }

 private:
  void* memory_;
  std::size_t mapped_;
  void* data_;
  std::size_t size_;
  Keep keep_;
};

}  // namespace welt::conformance
