// numpy's legacy RandomState: MT19937 and the draws that k-means makes of it, number for number.
// Reference: numpy.random.RandomState (randint, rand); Matsumoto and Nishimura 1998.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace welt::similarity {

class RandomState {
 public:
  explicit RandomState(std::uint32_t seed);
  // From 0 to count - 1; count ≥ 1.
  std::uint64_t integer(std::uint64_t count);
  // In [0, 1), of 53 bits.
  double uniform();

 private:
  std::uint32_t next();
  void refill();
  std::array<std::uint32_t, 624> state_;
  std::size_t at_ = 624;
};

}  // namespace welt::similarity
