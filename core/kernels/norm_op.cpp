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

struct NormHow {
  std::int64_t kind;
  double eps;
  bool narrow;
};

NormRows rows_of(const at::Tensor& branch, const at::Tensor& residual, const at::Tensor& weight, const NormHow& how) {
  NormRows rows{.kind = static_cast<NormRows::Kind>(how.kind),
                .width = weight.numel(),
                .eps = static_cast<float>(how.eps),
                .branch = branch.defined() ? number_of(branch) : Number::bfloat16,
                .residual = number_of(residual),
                .weights = number_of(weight),
                .normed = Number::bfloat16};
  const bool wide = rows.sum() == Number::float32 || rows.weights == Number::float32;
  if (wide && !how.narrow) rows.normed = Number::float32;
  return rows;
}
std::int64_t grain(const NormRows& rows) { return std::max<std::int64_t>(1, numbers_of_a_share / rows.width); }

struct Result {
  at::Tensor sum, normed;  // without a branch the sum is what it is of
};

// Of dense tensors; branch and bias may be undefined.
Result normed(const at::Tensor& branch, const at::Tensor& residual, const at::Tensor& weight, const at::Tensor& bias,
              const NormRows& rows) {
  const at::TensorOptions options = residual.options();
  at::Tensor sum;
  if (branch.defined()) sum = at::empty(residual.sizes(), options.dtype(type_of(rows.sum())));
  const at::Tensor out = at::empty(residual.sizes(), options.dtype(type_of(rows.normed)));
  const NormForward at{data_or_null(branch),
                       residual.const_data_ptr(),
                       weight.const_data_ptr(),
                       data_or_null(bias),
                       sum.defined() ? sum.mutable_data_ptr() : nullptr,
                       out.mutable_data_ptr()};
  in_shares(residual.numel() / rows.width, grain(rows), [&](std::int64_t, std::int64_t first, std::int64_t last) {
    std::vector<float> scratch(static_cast<std::size_t>(2 * whole_vectors(rows.width)));
    table().norm_forward(rows, at, first, last, scratch.data());
  });
  return {sum.defined() ? sum : residual, out};
}

at::Tensor dense(const std::optional<at::Tensor>& x) { return x && x->defined() ? x->contiguous() : at::Tensor(); }

struct Call : torch::CustomClassHolder {
  NormRows rows{};
  bool has_branch = false, has_bias = false;
};

struct Norm : torch::autograd::Function<Norm> {
  // Gives the sum too where there is a branch.
  static variable_list forward(AutogradContext* context, const std::optional<at::Tensor>& given_branch,
                               const at::Tensor& given, const at::Tensor& given_weight,
                               const std::optional<at::Tensor>& given_bias, const NormHow& how) {
    const at::Tensor branch = dense(given_branch), residual = given.contiguous(), weight = given_weight.contiguous(),
                     bias = dense(given_bias);
    auto call = c10::make_intrusive<Call>();
    call->rows = rows_of(branch, residual, weight, how);
    call->has_branch = branch.defined(), call->has_bias = bias.defined();
    const Result out = normed(branch, residual, weight, bias, call->rows);
    context->save_for_backward({out.sum, weight});
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    context->set_materialize_grads(false);
    return call->has_branch ? variable_list{out.sum, out.normed} : variable_list{out.normed};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto capsule = context->saved_data["call"].toCapsule();
    const Call& call = static_cast<const Call&>(*capsule);
    const NormRows& rows = call.rows;
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor of_sum = call.has_branch ? gradients[0] : at::Tensor(), of_normed = gradients.back();
    variable_list results(5);  // of branch, residual, weight, bias; the last stands for `how`
    if (!of_normed.defined() && !of_sum.defined()) return results;
    if (!of_normed.defined()) {
      results[0] = of_sum.to(type_of(rows.branch)), results[1] = of_sum.to(type_of(rows.residual));
      return results;
    }
    const at::Tensor carried = of_sum.defined() ? of_sum.to(x.scalar_type()).contiguous() : of_sum;
    const at::Tensor arriving = of_normed.to(type_of(rows.normed)).contiguous();
    const at::Tensor total = at::empty(x.sizes(), x.options());
    at::Tensor of_branch;
    if (call.has_branch && rows.branch != rows.sum())
      of_branch = at::empty(x.sizes(), x.options().dtype(type_of(rows.branch)));
    const std::int64_t threads = at::get_num_threads(), padded = whole_vectors(rows.width);
    const at::Tensor partial = at::zeros({threads, 2, padded}, at::kFloat);  // of weight and bias, of each share
    float* base = partial.mutable_data_ptr<float>();
    in_shares(x.numel() / rows.width, grain(rows), [&](std::int64_t share, std::int64_t first, std::int64_t last) {
      std::vector<float> scratch(static_cast<std::size_t>(2 * padded));
      float* own = base + share * 2 * padded;
      const NormBackward at{x.const_data_ptr(),
                            weight.const_data_ptr(),
                            data_or_null(carried),
                            arriving.const_data_ptr(),
                            total.mutable_data_ptr(),
                            of_branch.defined() ? of_branch.mutable_data_ptr() : nullptr,
                            own,
                            call.has_bias ? own + padded : nullptr};
      table().norm_backward(rows, at, first, last, scratch.data());
    });
    const at::Tensor sums = partial.sum(0).narrow(1, 0, rows.width).to(weight.scalar_type());
    if (call.has_branch) results[0] = of_branch.defined() ? of_branch : total;
    results[1] = total.to(type_of(rows.residual));
    results[2] = sums[0];
    if (call.has_bias) results[3] = sums[1];
    return results;
  }
};

void check(const at::Tensor& branch, const at::Tensor& residual, const at::Tensor& weight,
           const std::optional<at::Tensor>& bias, std::int64_t kind) {
  check_number(residual, "residual"), check_number(weight, "weight");
  const bool fits =
      weight.dim() == 1 && residual.dim() > 0 && residual.size(-1) == weight.size(0) && weight.size(0) > 0 &&
      (!branch.defined() || branch.sizes() == residual.sizes()) &&
      (!bias || !bias->defined() || (bias->sizes() == weight.sizes() && bias->scalar_type() == weight.scalar_type())) &&
      kind >= 0 && kind <= 2;
  TORCH_CHECK(fits, "residual_norm: residual ", residual.sizes(), " and weight ", weight.sizes(), " do not fit");
  if (branch.defined()) check_number(branch, "branch");
}

}  // namespace

std::tuple<at::Tensor, at::Tensor> residual_norm(const at::Tensor& branch, const at::Tensor& residual,
                                                 const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                                                 std::int64_t kind, double eps, bool narrow) {
  check(branch, residual, weight, bias, kind);
  const NormHow how{kind, eps, narrow};
  if (!at::GradMode::is_enabled()) {
    Result out = normed(branch.contiguous(), residual.contiguous(), weight.contiguous(), dense(bias),
                        rows_of(branch, residual, weight, how));
    return {std::move(out.sum), std::move(out.normed)};
  }
  const variable_list out = Norm::apply(std::optional<at::Tensor>(branch), residual, weight, bias, how);
  return {out[0], out[1]};
}

at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias, std::int64_t kind,
                double eps, bool narrow) {
  check({}, x, weight, bias, kind);
  const NormHow how{kind, eps, narrow};
  if (!at::GradMode::is_enabled())
    return normed({}, x.contiguous(), weight.contiguous(), dense(bias), rows_of({}, x, weight, how)).normed;
  return Norm::apply(std::optional<at::Tensor>(), x, weight, bias, how)[0];
}

}  // namespace welt::kernels
