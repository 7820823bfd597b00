// The table of activations. Each follows the class of the same name in transformers' activations.py (ACT2FN); those
// with trained parameters (prelu, xielu) are not elementwise functions of a config and are left out.
#include "welt/nn/activation.h"

#include <ATen/TensorOperators.h>

#include <ATen/ops/clamp.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/mish.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/square.h>
#include <ATen/ops/tanh.h>

#include <cmath>
#include <map>
#include <numbers>
#include <welt/sdk/schema.hpp>

namespace welt::nn {
namespace {

using at::Tensor;
using Function = Tensor (*)(const Tensor&);

Tensor gelu(const Tensor& x) { return at::gelu(x); }
// The tanh approximation. transformers spells it in several ways (gelu_new, gelu_fast, …) that differ in rounding only.
Tensor gelu_tanh(const Tensor& x) { return at::gelu(x, "tanh"); }
// FastGELUActivation writes √(2/π) with ten digits; that digit shows in float64.
Tensor gelu_fast(const Tensor& x) { return 0.5 * x * (1.0 + at::tanh(x * 0.7978845608 * (1.0 + 0.044715 * x * x))); }
Tensor gelu_10(const Tensor& x) { return at::clamp(at::gelu(x), -10, 10); }
Tensor quick_gelu(const Tensor& x) { return x * at::sigmoid(1.702 * x); }
Tensor laplace(const Tensor& x) { return 0.5 * (1.0 + at::erf((x - 0.707107) / (0.282095 * std::numbers::sqrt2))); }
Tensor leaky_relu(const Tensor& x) { return at::leaky_relu(x, 0.01); }
Tensor identity(const Tensor& x) { return x; }
Tensor mish(const Tensor& x) { return at::mish(x); }
Tensor relu(const Tensor& x) { return at::relu(x); }
Tensor relu2(const Tensor& x) { return at::square(at::relu(x)); }
Tensor relu6(const Tensor& x) { return at::hardtanh(x, 0, 6); }
Tensor sigmoid(const Tensor& x) { return at::sigmoid(x); }
Tensor silu(const Tensor& x) { return at::silu(x); }
Tensor tanh(const Tensor& x) { return at::tanh(x); }

const std::map<std::string_view, Function>& table() {
  static const std::map<std::string_view, Function> functions = {{"gelu", gelu},
                                                                 {"gelu_10", gelu_10},
                                                                 {"gelu_accurate", gelu_tanh},
                                                                 {"gelu_fast", gelu_fast},
                                                                 {"gelu_new", gelu_tanh},
                                                                 {"gelu_python", gelu},
                                                                 {"gelu_python_tanh", gelu_tanh},
                                                                 {"gelu_pytorch_tanh", gelu_tanh},
                                                                 {"laplace", laplace},
                                                                 {"leaky_relu", leaky_relu},
                                                                 {"linear", identity},
                                                                 {"mish", mish},
                                                                 {"quick_gelu", quick_gelu},
                                                                 {"relu", relu},
                                                                 {"relu2", relu2},
                                                                 {"relu6", relu6},
                                                                 {"sigmoid", sigmoid},
                                                                 {"silu", silu},
                                                                 {"swish", silu},
                                                                 {"tanh", tanh}};
  return functions;
}

}  // namespace

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const auto& [name, function] : table()) names.emplace_back(name);
  return names;
}

Activation::Activation(std::string_view name) : name_(name) {
  const auto found = table().find(name);
  if (found == table().end()) {
    throw sdk::invalid("unknown activation \"" + name_ + "\"; known: " + sdk::detail::listed(activation_names()),
                       "hidden_act");
  }
  function_ = found->second;
}

}  // namespace welt::nn
