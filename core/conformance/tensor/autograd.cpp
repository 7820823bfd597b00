// Conformance group "autograd": gradients reach everything, and are those of finite differences.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <welt/abi/device.h>
#include <welt/abi/gradients.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"
#include "core/tensor/own_head.h"

namespace welt::conformance {
namespace {

// Objective Σ w·everything(input), with fixed random w.
struct Objective {
  explicit Objective(Specimen& specimen) : s(specimen), input(specimen.input()) {
    weights = s.random({s.everything(input).numel()});
  }
  at::Tensor value() { return (s.everything(input) * weights).sum(); }

  Specimen& s;
  at::Tensor input, weights;
};

std::vector<at::Tensor> trainable(Specimen& s) {
  std::vector<at::Tensor> result;
  const std::vector<at::Tensor> tensors = s.component().tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (s.component().parameters()[i].trainable) result.push_back(tensors[i]);
  return result;
}

void graph(Specimen& s) {
  const at::AutoGradMode on(true);
  Objective objective(s);
  objective.input.requires_grad_(true);
  const at::Tensor value = objective.value();
  const Finding cut{.seen = "a result that is cut off from the input's graph",
                    .expected = "one that gradients flow back from",
                    .rule = "docs/abi-policy.md: the graph crosses the border"};
  s.trial().expect(value.requires_grad(), cut);
  value.backward();
  s.trial().expect(objective.input.grad().defined(), cut);
  s.expect_finite(objective.input.grad(), "the gradient of the input");
}

void reaches(Specimen& s) {
  const at::AutoGradMode on(true);
  Objective(s).value().backward();
  const std::vector<at::Tensor> tensors = s.component().tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const NamedParameter& parameter = s.component().parameters()[i];
    if (!parameter.trainable || parameter.optional_in_file) continue;
    s.trial().expect(tensors[i].grad().defined(),
                     {.seen = fmt::format("no gradient in the parameter {}", parameter.name),
                      .expected = "one: it says that it is trainable",
                      .rule = "parameters.h: get() gives the parameter itself, its .grad is the gradient"});
    s.expect_finite(tensors[i].grad(), "the gradient of " + parameter.name);
  }
}

// The derivative of the objective along a direction: by differences, and by the gradients. They must agree at one of
// the steps: where a relu has its corner within a step, differences are off, and shorter steps leave the corner out.
// What a wrong gradient lacks is missing at all of them.
void compare(Objective& objective, const std::vector<at::Tensor>& moved, const std::vector<at::Tensor>& gradients,
             std::string_view what) {
  constexpr std::array steps{1e-5, 1e-6, 1e-7};
  constexpr double tolerance = 1e-5;
  constexpr int directions = 3;
  Specimen& s = objective.s;
  for (int i = 0; i < directions; ++i) {
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> along;
    double expected = 0, size = 0;
    for (std::size_t k = 0; k < moved.size(); ++k) {
      along.push_back(s.random(moved[k].sizes()));
      if (!gradients[k].defined()) continue;
      const at::Tensor part = gradients[k] * along[k];
      expected += part.sum().item<double>();
      size += part.square().sum().item<double>();
    }
    const auto move = [&](double by) {
      for (std::size_t k = 0; k < moved.size(); ++k) moved[k].add_(along[k], by);
    };
    const auto difference = [&](double step) {
      move(step);
      const double above = objective.value().item<double>();
      move(-2 * step);
      const double below = objective.value().item<double>();
      move(step);
      return (above - below) / (2 * step);
    };
    double seen = 0;
    const bool agree = std::ranges::any_of(steps, [&](double step) {
      seen = difference(step);
      return std::abs(seen - expected) <= tolerance * std::max({std::abs(seen), std::sqrt(size), 1e-3});
    });
    s.trial().expect(agree, {.seen = fmt::format("a gradient of {} that says {:.9g} along a direction", what, expected),
                             .expected = fmt::format("{:.9g}, which finite differences in float64 give", seen),
                             .rule = "docs/abi-policy.md: gradients are those of the function"});
  }
}

void require_differences(Specimen& s) {
  if (gradients_pass_roundings(s.component()))
    s.trial().skip("it rounds, and gradients pass as if it did not (" WELT_GRADIENTS_INTERFACE ")");
  if (s.dtype() != at::kDouble) s.trial().skip("it does not convert itself to float64 (" WELT_DEVICE_INTERFACE ")");
}

void input_gradient(Specimen& s) {
  require_differences(s);
  const at::AutoGradMode on(true);
  Objective objective(s);
  objective.input.requires_grad_(true);
  objective.value().backward();
  compare(objective, {objective.input}, {objective.input.grad()}, "the input");
}

void parameter_gradients(Specimen& s) {
  require_differences(s);
  const at::AutoGradMode on(true);
  Objective objective(s);
  objective.value().backward();
  const std::vector<at::Tensor> moved = trainable(s);
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& tensor : moved) gradients.push_back(tensor.grad());
  compare(objective, moved, gradients, "the parameters");
}

void accumulates(Specimen& s) {
  const at::AutoGradMode on(true);
  Objective objective(s);
  objective.input.requires_grad_(true);
  objective.value().backward();
  const at::Tensor once = objective.input.grad().clone();
  objective.value().backward();
  s.expect_equal(objective.input.grad(), once * 2, "the gradient after two calls and twice that of one",
                 "docs/abi-policy.md: gradients add up, nothing of one call is left for the next");
}

void off(Specimen& s) {
  Objective objective(s);
  objective.input.requires_grad_(true);
  s.trial().expect(!objective.value().requires_grad(), {.seen = "a graph although gradients are off",
                                                        .expected = "none",
                                                        .rule = "docs/abi-policy.md: the host owns grad mode"});
}

}  // namespace

void add_autograd_tests(TestList& tests) {
  const std::string all = "encoders, latent transformers, decoders, image encoders";
  const std::vector<std::string> base = {"numerics.deterministic"},
                                 graphs = {"numerics.deterministic", "autograd.graph"};
  tests.push_back(
      specimen_test<graph, tensor_roles>("autograd.graph", "A gradient flows back to the input.", all, base));
  tests.push_back(
      specimen_test<off, tensor_roles>("autograd.off", "No graph is built where gradients are off.", all, base));
  tests.push_back(specimen_test<reaches, tensor_roles>(
      "autograd.reaches", "A gradient reaches every trainable parameter, in the tensor that get() gives.", all,
      graphs));
  tests.push_back(specimen_test<input_gradient, tensor_roles>(
      "autograd.input", "The input's gradient is that of finite differences in float64.", all, graphs));
  const std::vector<std::string> right = {"autograd.reaches", "autograd.input"};
  tests.push_back(specimen_test<parameter_gradients, tensor_roles>(
      "autograd.parameters", "The parameters' gradients are those of finite differences in float64.", all, right));
  tests.push_back(
      specimen_test<accumulates, tensor_roles>("autograd.accumulates", "Gradients of two calls add up.", all, right));
}

}  // namespace welt::conformance
