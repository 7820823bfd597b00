// Where the time of a training step goes by kind of work: products of matrices, attention, the rest.
#pragma once

#include <ATen/core/ScalarType.h>

#include <cstdint>

namespace at {
struct RecordFunction;
}

namespace welt {

// Watches LibTorch's operators for its lifetime: their clock times, and of products how much they multiply. Those of
// kernels run by name (core/kernels/operators.h) are among them. [one at a time]
class OperatorWatch {
 public:
  OperatorWatch();
  OperatorWatch(const OperatorWatch&) = delete;
  ~OperatorWatch();

  struct Shares {
    double product_seconds = 0, product_flops = 0;  // a multiplication and an addition are two
    double attention_seconds = 0;                   // of the kernel; by plain operators attention is in the products
  };
  Shares shares() const;

 private:
  std::uint64_t handle_;  // of LibTorch's callback
};

// FLOP/s of a large square product here and now: what a step's products can be compared with. Draws nothing, and takes
// about a second at most: where products of this type are slow, smaller ones are taken than of `side`.
double peak_product_rate(at::ScalarType type, std::int64_t side = 2048);

// What an operator multiplies; 0: no product of matrices. For observers that were asked for inputs.
double product_flops(const at::RecordFunction& function);

}  // namespace welt
