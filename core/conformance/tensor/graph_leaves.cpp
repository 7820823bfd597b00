// See graph_leaves.h.
#include "core/conformance/tensor/graph_leaves.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>

#include <set>

namespace welt::conformance {

std::vector<at::Tensor> graph_leaves(const at::Tensor& result) {
  using torch::autograd::Node;
  using Function = decltype(torch::autograd::Edge::function);  // which kind of pointer depends on LibTorch's version
  std::vector<at::Tensor> leaves;
  std::vector<Function> waiting{result.grad_fn()};
  std::set<const Node*> seen;
  while (!waiting.empty()) {
    const Function node = std::move(waiting.back());
    waiting.pop_back();
    if (node == nullptr || !seen.insert(node.get()).second) continue;
    if (const auto* leaf = dynamic_cast<const torch::autograd::AccumulateGrad*>(node.get()))
      leaves.push_back(leaf->variable);
    for (const torch::autograd::Edge& edge : node->next_edges()) waiting.push_back(edge.function);
  }
  return leaves;
}

}  // namespace welt::conformance
