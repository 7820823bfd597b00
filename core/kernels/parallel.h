// Work shared by LibTorch's threads. Files that include this are compiled with OpenMP: without it at::parallel_for runs
// on one thread, and says nothing.
#pragma once

#include <ATen/Parallel.h>

#include <cstdint>

namespace welt::kernels {

// f(share, first, last) for as many shares of [0, count) as LibTorch has threads, fewer where a share would be below
// `grain`. What shares leave behind is theirs alone by their number, not by the thread's, which in a region within a
// region is 0 everywhere.
template <typename F>
void in_shares(std::int64_t count, std::int64_t grain, const F& f) {
  std::int64_t shares = at::get_num_threads();
  if (shares > count / grain) shares = count / grain;
  if (shares <= 1) {
    if (count > 0) f(std::int64_t{0}, std::int64_t{0}, count);
    return;
  }
  at::parallel_for(0, shares, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t share = begin; share < end; ++share)
      f(share, count * share / shares, count * (share + 1) / shares);
  });
}

}  // namespace welt::kernels
