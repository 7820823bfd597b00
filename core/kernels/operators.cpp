// Registers the operators with LibTorch, where plugins find them by name.
#include "core/kernels/operators.h"

#include <torch/library.h>

#include "core/kernels/instructions.h"
#include "core/kernels/linear.h"
#include "core/kernels/step_weights.h"

namespace welt::kernels {
namespace {

// 1 as long as the kernels are to be used. Plugins read it through its address, which `welt::kernels` gives.
std::int64_t kernels_address() { return reinterpret_cast<std::int64_t>(&kernels_in_use()); }

std::int64_t step_weights_address() { return reinterpret_cast<std::int64_t>(&step_weights()); }

}  // namespace

// What the linker is told to look for, so that this file becomes part of every program.
extern "C" const char welt_kernel_operators[] = "welt::*";

TORCH_LIBRARY(welt, library) {
  library.def("kernels() -> int", &kernels_address);
  library.def("step_weights() -> int", &step_weights_address);
  library.def("activations() -> str[]", &activations);
  library.def("few_rows() -> int", [] { return few_rows; });
  library.def(
      "row_attention(Tensor q, Tensor k, Tensor v, Tensor offsets, Tensor? cos, Tensor? sin, Tensor? valid, "
      "Tensor? document, Tensor? prefix, float scale, bool causal, int left, int right, float dropout, int seed) -> "
      "Tensor",
      &row_attention);
  library.def(
      "cached_attention(Tensor q, Tensor k, Tensor v, Tensor(a!) keys, Tensor(b!) values, Tensor offsets, "
      "Tensor? cache_rows, Tensor filled, Tensor? cos, Tensor? sin, float scale, int left) -> Tensor",
      &cached_attention);
  library.def("few_rows_product(Tensor x, Tensor weight, Tensor? bias, Tensor? scales) -> Tensor", &few_rows_product);
  library.def("linear(Tensor x, Tensor weight, Tensor? bias, bool turned) -> Tensor", &linear);
  library.def(
      "residual_norm(Tensor branch, Tensor residual, Tensor weight, Tensor? bias, int kind, float eps, bool narrow) -> "
      "(Tensor, "
      "Tensor)",
      &residual_norm);
  library.def("norm(Tensor x, Tensor weight, Tensor? bias, int kind, float eps, bool narrow) -> Tensor", &norm);
  library.def("gated_product(Tensor gate, Tensor up, str act) -> Tensor", &gated_product);
  library.def("biased_activation(Tensor x, Tensor bias, str act) -> Tensor", &biased_activation);
  library.def("gather_rows(Tensor table, Tensor index) -> Tensor", &gather_rows);
}

}  // namespace welt::kernels
