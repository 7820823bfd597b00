// See bit_linear.h.
#include "welt/nn/bit_linear.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rsqrt.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>
#include <welt/sdk/base.hpp>

#include "ternary_kernel.h"
#include "welt/nn/parallel.h"

namespace welt::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double least_peak = 1e-5;        // of peaks
constexpr std::int64_t outputs_each = 64;  // of a task

// What is computed in: float32, or float64 where x is that.
at::ScalarType wide_type(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

template <typename Body>
auto for_type(at::ScalarType type, Body&& body) {
  return type == at::kDouble ? body(double()) : body(float());
}

at::Tensor mean_of(const at::Tensor& weight) { return weight.abs().mean().clamp_min(ternary::least_mean); }  // []

// The layer by whole operators, for gradients and for other devices. x [n, in]; t −1, 0, 1 [out, in], mean [];
// `weight` is there for its gradient alone; no matrix: it has none.
struct StraightThrough : torch::autograd::Function<StraightThrough> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& gain,
                            const at::Tensor& weight, const at::Tensor& t, const at::Tensor& mean, double eps) {
    const at::Tensor wide = x.to(wide_type(x)), scale = gain.to(wide.scalar_type());
    const at::Tensor inverse = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);  // [n, 1]
    const at::Tensor y = wide * inverse * scale;                                           // [n, in]
    const at::Tensor peak = y.abs().amax(-1, /*keepdim=*/true).clamp_min(least_peak);      // [n, 1]
    const at::Tensor q = (y * (127 / peak)).round().clamp(-128, 127);                      // [n, in]
    const at::Tensor factor = peak * (mean.to(wide.scalar_type()) / 127);                  // [n, 1]
    context->save_for_backward({x, gain, inverse, q.to(at::kChar), peak, t.to(at::kChar), mean});
    context->saved_data["trains"] = weight.dim() == 2;
    return (at::mm(q, t.to(wide.scalar_type()).t()) * factor).to(x.scalar_type());  // [n, out]
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &gain = saved[1], &inverse = saved[2], &peak = saved[4], &mean = saved[6];
    const at::ScalarType type = inverse.scalar_type();
    const at::Tensor d_out = gradients[0].to(type), normed = x.to(type) * inverse;  // [n, out], [n, in]
    variable_list result(6);
    if (context->saved_data["trains"].toBool())
      result[2] = at::mm((d_out * (peak / 127)).t(), saved[3].to(type)).to(gain.scalar_type());
    const at::Tensor d_y = at::mm(d_out, saved[5].to(type)) * mean.to(type);  // [n, in]
    result[1] = (d_y * normed).sum(0).to(gain.scalar_type());
    const at::Tensor d_normed = d_y * gain.to(type);
    result[0] = (inverse * (d_normed - normed * (d_normed * normed).mean(-1, /*keepdim=*/true))).to(x.scalar_type());
    return result;
  }
};

// x [n, in] on the CPU without a graph → [n, out]. The same numbers: the products are whole.
template <typename T>
at::Tensor by_additions(const at::Tensor& x, const at::Tensor& gain, const PackedWeights::Packed& weights, double eps) {
  const std::int64_t rows = x.size(0), in = x.size(1), out = weights.codes.size(0);
  const std::int64_t blocks = ternary::blocks_of(in), padded = blocks * ternary::block;
  std::vector<std::int8_t> q(static_cast<std::size_t>(rows * padded));
  std::vector<std::int32_t> sums(static_cast<std::size_t>(rows));
  std::vector<T> factors(static_cast<std::size_t>(rows));
  const T *from = x.const_data_ptr<T>(), *scale = gain.const_data_ptr<T>();
  const auto quantise = [&](std::int64_t row) {
    const auto one = ternary::quantise_row<T>(from + row * in, scale, in, static_cast<T>(eps),
                                              &q[static_cast<std::size_t>(row * padded)]);
    sums[static_cast<std::size_t>(row)] = one.sum;
    factors[static_cast<std::size_t>(row)] = one.peak * (static_cast<T>(weights.mean) / 127);
  };
  if (rows < 8) {
    for (std::int64_t row = 0; row < rows; ++row) quantise(row);
  } else {
    in_parallel(rows, quantise);
  }
  at::Tensor result = at::empty({rows, out}, x.options());
  T* to = result.mutable_data_ptr<T>();
  const std::uint8_t* codes = weights.codes.const_data_ptr<std::uint8_t>();
  in_parallel((out + outputs_each - 1) / outputs_each, [&](std::int64_t task) {
    const std::int64_t first = task * outputs_each, count = std::min(outputs_each, out - first);
    std::vector<std::int32_t> whole(static_cast<std::size_t>(rows * count));
    ternary::fastest().run({.packed = codes + first * blocks * ternary::block_bytes,
                            .outputs = count,
                            .blocks = blocks,
                            .q = q.data(),
                            .sums = sums.data(),
                            .rows = rows,
                            .out = whole.data(),
                            .apart = count});
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t o = 0; o < count; ++o)
        to[row * out + first + o] =
            static_cast<T>(whole[static_cast<std::size_t>(row * count + o)]) * factors[static_cast<std::size_t>(row)];
  });
  return result;
}

at::Tensor by_additions(const at::Tensor& x, const at::Tensor& gain, const PackedWeights::Packed& weights, double eps) {
  const at::ScalarType type = wide_type(x);
  const at::Tensor wide = x.to(type).contiguous(), scale = gain.to(type).contiguous();
  return for_type(type, [&]<typename T>(T) { return by_additions<T>(wide, scale, weights, eps); }).to(x.scalar_type());
}

// Those made in inference mode are not counted.
std::uint32_t writes(const at::Tensor& tensor) {
  return tensor.is_inference() ? 0 : static_cast<std::uint32_t>(tensor._version());
}

// [.., in] as [n, in], and back.
template <typename Body>
at::Tensor as_matrix(const at::Tensor& x, std::int64_t out, const Body& body) {
  if (x.dim() == 2) return body(x);
  std::vector<std::int64_t> sizes = x.sizes().vec();
  const at::Tensor result = body(x.reshape({-1, x.size(-1)}));
  sizes.back() = out;
  return result.reshape(sizes);
}

bool wants_graph(std::initializer_list<at::Tensor> tensors) {
  return at::GradMode::is_enabled() &&
         std::ranges::any_of(tensors, [](const at::Tensor& one) { return one.defined() && one.requires_grad(); });
}

}  // namespace

bool TensorVersion::is(const at::Tensor& tensor) const {
  return alive_ && tensor_ == tensor.unsafeGetTensorImpl() && !alive_->expired() && version_ == writes(tensor);
}

void TensorVersion::take(const at::Tensor& tensor) {
  tensor_ = tensor.unsafeGetTensorImpl(), version_ = writes(tensor);
  alive_.emplace(tensor.getIntrusivePtr());
}

const PackedWeights::Packed& PackedWeights::of(const at::Tensor& weight) {
  if (packed_.codes.defined() && source_.is(weight)) return packed_;
  const at::NoGradGuard no_grad;
  const at::ScalarType type = wide_type(weight);
  const at::Tensor wide = weight.detach().to(type).contiguous();
  const std::int64_t out = wide.size(0), in = wide.size(1), bytes = ternary::row_bytes(in);
  packed_ = {at::empty({out, bytes}, at::kByte), mean_of(wide).item<double>()};
  std::uint8_t* codes = packed_.codes.mutable_data_ptr<std::uint8_t>();
  for_type(type, [&]<typename T>(T) {
    const T* from = wide.const_data_ptr<T>();
    in_parallel(out, [&](std::int64_t row) {
      ternary::pack_row<T>(from + row * in, in, static_cast<T>(packed_.mean), codes + row * bytes);
    });
  });
  source_.take(weight);
  return packed_;
}

at::Tensor bit_linear(const at::Tensor& x, const at::Tensor& gain, const at::Tensor& weight, double eps,
                      PackedWeights& packed, bool keep) {
  return as_matrix(x, weight.size(0), [&](const at::Tensor& rows) {
    if (keep && x.is_cpu() && !wants_graph({x, gain, weight})) return by_additions(rows, gain, packed.of(weight), eps);
    packed.drop();
    const at::Tensor values = weight.detach().to(wide_type(weight)), mean = mean_of(values);
    const at::Tensor t = (values / mean).round().clamp(-1, 1);
    return StraightThrough::apply(rows, gain, weight, t, mean, eps);
  });
}

BitNorm::BitNorm(std::int64_t width, const at::TensorOptions& options) {
  parameter("weight", weight, {width}, options, Init::ones(), {.decay = false});
}

BitLinear::BitLinear(std::int64_t in, std::int64_t out, Weights kind, const at::TensorOptions& options,
                     const Init& init, std::string name)
    : in_(in), name_(std::move(name)), norm_(in, options) {
  if (kind == Weights::trained) {
    parameter("weight", weight, {out, in}, options, init);
    absent(weight_packed), absent(weight_mean);
  } else {
    absent(weight);
    // Without a file: the weights that `init` gives, packed.
    buffer("weight_packed", weight_packed, {out, ternary::row_bytes(in)}, options.dtype(at::kByte),
           Init::function([in, init](const at::Tensor& tensor) {
             const at::Tensor fresh = at::empty({tensor.size(0), in}, at::kFloat);
             init(fresh);
             PackedWeights made;
             tensor.copy_(made.of(fresh).codes);
           }));
    buffer("weight_mean", weight_mean, {1}, options, Init::constant(1 / std::sqrt(static_cast<double>(in))));
  }
  child("norm", norm_);
}

void BitLinear::check_codes() const {
  if (checked_.is(weight_packed)) return;
  const std::uint8_t* codes = weight_packed.const_data_ptr<std::uint8_t>();
  const std::int64_t bytes = weight_packed.size(1), blocks = bytes / ternary::block_bytes;
  for (std::int64_t row = 0; row < weight_packed.size(0); ++row)
    if (const std::int64_t bad = ternary::first_bad_block(codes + row * bytes, blocks); bad >= 0)
      throw sdk::invalid("packed weights of " + name_ + " hold the code 3 in row " + std::to_string(row) + ", block " +
                             std::to_string(bad) + "; expected 0, 1 or 2 in every two bits (for -1, 0 and 1)",
                         name_);
  checked_.take(weight_packed);
}

at::Tensor BitLinear::operator()(const at::Tensor& x) const {
  if (weight.defined()) return bit_linear(x, norm_.weight, weight, eps, kept_, !training());
  const at::Tensor& gain = norm_.weight;  // as what it is to an autograd function: a tensor
  return as_matrix(x, weight_packed.size(0), [&](const at::Tensor& rows) {
    const bool there = x.is_cpu() && !weight_packed.is_meta();
    if (there) check_codes();
    if (there && !wants_graph({x, gain}))
      return by_additions(rows, gain, {weight_packed, weight_mean.item<double>()}, eps);
    const at::Tensor mean = weight_mean[0].detach();
    const at::Tensor shifts = at::arange(0, 8, 2, weight_packed.options()).view({4, 1});
    const at::Tensor codes = weight_packed.unflatten(1, {-1, 1, ternary::block_bytes}).bitwise_right_shift(shifts);
    const at::Tensor t = codes.bitwise_and(3).flatten(1).narrow(1, 0, in_).to(wide_type(x)).sub(1);  // [out, in]
    return StraightThrough::apply(rows, gain, mean, t, mean, eps);
  });
}

}  // namespace welt::nn
