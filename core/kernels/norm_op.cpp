// Residual and norm as operators with a gradient. See operators.h.
#include <torch/csrc/autograd/custom_function.h>

#include "core/kernels/op_support.h"
#include "core/kernels/operators.h"
#include "core/kernels/parallel.h"

namespace welt::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t numbers_of_a_share = 16'384;  // fewer are not worth a second thread

NormRows rows_of(const at::Tensor& branch, const at::Tensor& residual, const at::Tensor& weight, std::int64_t kind,
                 double eps) {
  return {.kind = static_cast<NormRows::Kind>(kind),
          .width = weight.numel(),
          .eps = static_cast<float>(eps),
          .branch = branch.defined() ? number_of(branch) : Number::bfloat16,
          .residual = number_of(residual),
          .weights = number_of(weight)};
}
std::int64_t grain(const NormRows& rows) { return std::max<std::int64_t>(1, numbers_of_a_share / rows.width); }

struct Norm : torch::autograd::Function<Norm> {
  // Gives the sum too where there is a branch.
  static variable_list forward(AutogradContext* context, const std::optional<at::Tensor>& given_branch,
                               const at::Tensor& given, const at::Tensor& given_weight,
                               const std::optional<at::Tensor>& given_bias, std::int64_t kind, double eps) {
    const at::Tensor branch = given_branch ? given_branch->contiguous() : at::Tensor();
    const at::Tensor residual = given.contiguous(), weight = given_weight.contiguous();
    const at::Tensor bias = given_bias ? given_bias->to(weight.scalar_type()).contiguous() : at::Tensor();
    const NormRows rows = rows_of(branch, residual, weight, kind, eps);
    const at::TensorOptions options = residual.options();
    at::Tensor sum;
    if (branch.defined()) sum = at::empty(residual.sizes(), options.dtype(type_of(rows.sum())));
    const at::Tensor normed = at::empty(residual.sizes(), options.dtype(type_of(rows.normed())));
    const NormForward at{data_or_null(branch),
                         residual.const_data_ptr(),
                         weight.const_data_ptr(),
                         data_or_null(bias),
                         sum.defined() ? sum.mutable_data_ptr() : nullptr,
                         normed.mutable_data_ptr()};
    in_shares(residual.numel() / rows.width, grain(rows), [&](std::int64_t, std::int64_t first, std::int64_t last) {
      std::vector<float> scratch(static_cast<std::size_t>(2 * whole_vectors(rows.width)));
      table().norm_forward(rows, at, first, last, scratch.data());
    });
    context->save_for_backward({branch.defined() ? sum : residual, weight});
    context->saved_data["kind"] = kind, context->saved_data["eps"] = eps;
    context->saved_data["bias"] = bias.defined();
    context->saved_data["branch"] = branch.defined();
    context->saved_data["branch_type"] =
        static_cast<std::int64_t>((branch.defined() ? branch : residual).scalar_type());
    context->saved_data["residual_type"] = static_cast<std::int64_t>(residual.scalar_type());
    context->set_materialize_grads(false);
    return branch.defined() ? variable_list{sum, normed} : variable_list{normed};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto& data = context->saved_data;
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const bool branch = data.at("branch").toBool(), bias = data.at("bias").toBool();
    const auto cast = [&](const at::Tensor& gradient, const char* type) {
      return gradient.to(static_cast<at::ScalarType>(data.at(type).toInt()));
    };
    const auto results = [&](const at::Tensor& total, const at::Tensor& of_weight, const at::Tensor& of_bias) {
      return variable_list{branch ? cast(total, "branch_type") : at::Tensor(),
                           cast(total, "residual_type"),
                           of_weight,
                           of_bias,
                           at::Tensor(),
                           at::Tensor()};
    };
    const at::Tensor of_sum = branch ? gradients[0] : at::Tensor(), of_normed = gradients.back();
    if (!of_normed.defined()) {
      if (!of_sum.defined()) return variable_list(6);
      return results(of_sum, {}, {});
    }
    NormRows rows = rows_of(x, x, weight, data.at("kind").toInt(), data.at("eps").toDouble());
    const at::Tensor carried = of_sum.defined() ? of_sum.to(x.scalar_type()).contiguous() : of_sum;
    const at::Tensor arriving = of_normed.to(type_of(rows.normed())).contiguous();
    const at::Tensor total = at::empty(x.sizes(), x.options());
    const std::int64_t threads = at::get_num_threads(), padded = whole_vectors(rows.width);
    const at::Tensor partial = at::zeros({threads, 2, padded}, at::kFloat);  // of weight and bias, of each share
    float* base = partial.mutable_data_ptr<float>();
    in_shares(x.numel() / rows.width, grain(rows), [&](std::int64_t share, std::int64_t first, std::int64_t last) {
      std::vector<float> scratch(static_cast<std::size_t>(2 * padded));
      float* own = base + share * 2 * padded;
      const NormBackward at{x.const_data_ptr(),           weight.const_data_ptr(),  data_or_null(carried),
                            arriving.const_data_ptr(),    total.mutable_data_ptr(), own,
                            bias ? own + padded : nullptr};
      table().norm_backward(rows, at, first, last, scratch.data());
    });
    const at::Tensor sums = partial.sum(0).narrow(1, 0, rows.width).to(weight.scalar_type());
    return results(total, sums[0], bias ? sums[1] : at::Tensor());
  }
};

void check(const at::Tensor& branch, const at::Tensor& residual, const at::Tensor& weight,
           const std::optional<at::Tensor>& bias, std::int64_t kind) {
  check_number(residual, "residual"), check_number(weight, "weight");
  const bool fits = weight.dim() == 1 && residual.dim() > 0 && residual.size(-1) == weight.size(0) &&
                    weight.size(0) > 0 && (!branch.defined() || branch.sizes() == residual.sizes()) &&
                    (!bias || !bias->defined() || bias->sizes() == weight.sizes()) && kind >= 0 && kind <= 2;
  TORCH_CHECK(fits, "residual_norm: residual ", residual.sizes(), " and weight ", weight.sizes(), " do not fit");
  if (branch.defined()) check_number(branch, "branch");
}

}  // namespace

std::tuple<at::Tensor, at::Tensor> residual_norm(const at::Tensor& branch, const at::Tensor& residual,
                                                 const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                                                 std::int64_t kind, double eps) {
  check(branch, residual, weight, bias, kind);
  const variable_list out = Norm::apply(std::optional<at::Tensor>(branch), residual, weight, bias, kind, eps);
  return {out[0], out[1]};
}

at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias, std::int64_t kind,
                double eps) {
  check({}, x, weight, bias, kind);
  return Norm::apply(std::optional<at::Tensor>(), x, weight, bias, kind, eps)[0];
}

}  // namespace welt::kernels
