// The leaves of an autograd graph. Alone in its file because LibTorch's headers of the graph are large.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace welt::conformance {

// Every tensor that a backward from `result` would give a gradient to.
std::vector<at::Tensor> graph_leaves(const at::Tensor& result);

}  // namespace welt::conformance
