// Working memory that threads take and give back: one piece per thread at work, kept for the next call.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace welt::words {

// [concurrent]
template <typename T>
class Pool {
 public:
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<T> value) : pool_(pool), value_(std::move(value)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_.give(std::move(value_)); }
    T& operator*() const { return *value_; }
    T* operator->() const { return value_.get(); }

   private:
    Pool& pool_;
    std::unique_ptr<T> value_;
  };

  // A piece nobody uses, or make() if there is none.
  template <typename Make>
  Lease take(Make&& make) {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        std::unique_ptr<T> value = std::move(free_.back());
        free_.pop_back();
        return Lease(*this, std::move(value));
      }
      free_.reserve(++made_);  // so that giving back never allocates
    }
    return Lease(*this, make());
  }
  Lease take() {
    return take([] { return std::make_unique<T>(); });
  }

 private:
  void give(std::unique_ptr<T> value) noexcept {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(value));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> free_;
  std::size_t made_ = 0;
};

}  // namespace welt::words
