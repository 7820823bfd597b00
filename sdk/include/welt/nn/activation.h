// Activations by the names that Hugging Face configs use (`hidden_act`).
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

namespace welt::nn {

// An elementwise function of any floating dtype; gradients come from autograd.
class Activation {
 public:
  // Throws Failure that lists the known names.
  explicit Activation(std::string_view name);
  at::Tensor operator()(const at::Tensor& x) const { return function_(x); }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  at::Tensor (*function_)(const at::Tensor&);
};

// All names, in alphabetical order.
std::vector<std::string> activation_names();

}  // namespace welt::nn
