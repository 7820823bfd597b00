// The exact sum of doubles, rounded once. Reference: Shewchuk 1997; Python's math.fsum.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace welt::similarity {

class ExactSum {
 public:
  void add(double x) {
    std::size_t kept = 0;
    for (double y : parts_) {
      if (std::fabs(x) < std::fabs(y)) std::swap(x, y);
      const double high = x + y, low = y - (high - x);
      if (low != 0.0) parts_[kept++] = low;
      x = high;
    }
    parts_.resize(kept);
    parts_.push_back(x);
  }

  double value() const {
    if (parts_.empty()) return 0.0;
    std::size_t at = parts_.size() - 1;
    double high = parts_[at], low = 0.0;
    while (at > 0) {
      const double x = high, y = parts_[--at];
      high = x + y;
      low = y - (high - x);
      if (low != 0.0) break;
    }
    // Half-way cases are decided by what is left.
    if (at > 0 && ((low < 0.0 && parts_[at - 1] < 0.0) || (low > 0.0 && parts_[at - 1] > 0.0))) {
      const double y = low * 2.0, x = high + y;
      if (y == x - high) high = x;
    }
    return high;
  }

 private:
  std::vector<double> parts_;  // of growing size, none overlaps another
};

}  // namespace welt::similarity
