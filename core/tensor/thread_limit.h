// Fewer threads for work that is too small to share: two threads that meet for every product of a few microseconds lose
// more by meeting than they gain.
#pragma once

#include <ATen/Parallel.h>

namespace welt {

// While it lives, LibTorch's operators run on one thread if `alone`. [main thread]
class ThreadLimit {
 public:
  explicit ThreadLimit(bool alone) : before_(alone ? at::get_num_threads() : 1) {
    if (before_ > 1) at::set_num_threads(1);
  }
  ~ThreadLimit() {
    if (before_ > 1) at::set_num_threads(before_);
  }
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  int before_;
};

}  // namespace welt
