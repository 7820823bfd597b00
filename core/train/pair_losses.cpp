// See pair_losses.h.
#include "core/train/pair_losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "core/recipe/choices.h"

namespace welt {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double ste_reach = 1, reste_reach = 1.5, reste_chord = 0.1;

enum Form : std::int64_t { ste = 1, tanh_form = 2, reste = 3 };  // their places in binarizers()

// What a gradient is multiplied by.
at::Tensor slope(const at::Tensor& x, std::int64_t form, double power) {
  if (form == tanh_form) return 1 - x.tanh().square();
  const at::Tensor size = x.abs();
  if (form == ste) return size.le(ste_reach).to(x.scalar_type());
  const double chord = std::pow(reste_chord, 1 / power) / reste_chord;
  const at::Tensor curve = size.clamp_min(reste_chord).pow((1 - power) / power) / power;
  const at::Tensor whole = at::where(size.le(reste_chord), chord * size.new_ones({}), curve);
  return whole * size.le(reste_reach).to(x.scalar_type());
}

struct StraightThrough : torch::autograd::Function<StraightThrough> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, std::int64_t form, double power) {
    context->save_for_backward({x});
    context->saved_data["form"] = form;
    context->saved_data["power"] = power;
    return at::sign(x);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor factor =
        slope(saved[0], context->saved_data.at("form").toInt(), context->saved_data.at("power").toDouble());
    return {gradients[0] * factor, at::Tensor(), at::Tensor()};
  }
};

at::Tensor normalized(const at::Tensor& x) {
  constexpr double least = 1e-12;  // as torch.nn.functional.normalize
  return x / at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}, /*keepdim=*/true).clamp_min(least);
}

}  // namespace

const std::vector<Binarizer>& binarizers() {
  static const std::vector<Binarizer> all{{"none", "vectors as they are"},
                                          {"ste", "signs; gradients pass from -1 to 1"},
                                          {"tanh", "signs; gradients as of tanh"},
                                          {"reste", "signs; gradients as of a root (embedding.reste_power)"}};
  return all;
}

at::Tensor binarized(const at::Tensor& x, std::string_view form, double reste_power) {
  const auto number = &find_choice(binarizers(), form, "embedding.binarizer") - binarizers().data();
  if (number == 0) return x;
  return StraightThrough::apply(x, std::int64_t{number}, reste_power);
}

at::Tensor ranking_loss(const at::Tensor& first, const at::Tensor& second, double scale) {
  const at::Tensor scores = normalized(first).matmul(normalized(second).t()) * scale;  // [B, B]
  return at::cross_entropy_loss(scores, at::arange(scores.size(0), at::kLong));
}

at::Tensor matryoshka_loss(const at::Tensor& first, const at::Tensor& second, std::span<const std::int64_t> dims,
                           double scale) {
  at::Tensor sum = at::zeros({}, first.options());
  for (const std::int64_t dim : dims)
    sum = sum + ranking_loss(first.narrow(1, 0, dim), second.narrow(1, 0, dim), scale);
  return sum;
}

std::int64_t ranked_first(const at::Tensor& first, const at::Tensor& second) {
  const at::NoGradGuard no_grad;
  const at::Tensor scores = normalized(first).matmul(normalized(second).t());
  return scores.argmax(1).eq(at::arange(scores.size(0), at::kLong)).sum().item<std::int64_t>();
}

}  // namespace welt
