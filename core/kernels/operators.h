// The kernels as operators with gradients. They are registered as `welt::*` (operators.cpp), where plugins find them by
// name (sdk/nn/host_kernels.h): a signature never changes, another form gets another name. float32 and bfloat16 on the
// CPU; sums are in float32. Any thread; throws c10::Error for shapes that do not fit.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace welt::kernels {

// softmax(q kᵀ · scale) v within each row, by the rules of welt_attention. q [tokens, H, d], k [tokens, Hkv, d],
// v [tokens, Hkv, dv], rows behind each other as offsets I64 [N+1] say; cos, sin [tokens, R/2] turn queries and keys;
// valid BOOL, document and prefix I64 [tokens]. A query that sees no key gives 0. dropout: the share of weights that
// are zeroed, which ones is a function of `seed`. → [tokens, H, dv]
at::Tensor row_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& offsets,
                         const std::optional<at::Tensor>& cos, const std::optional<at::Tensor>& sin,
                         const std::optional<at::Tensor>& valid, const std::optional<at::Tensor>& document,
                         const std::optional<at::Tensor>& prefix, double scale, bool causal, std::int64_t left,
                         std::int64_t right, double dropout, std::int64_t seed);

// The same for rows that go on behind what a cache holds of them, causal, without a gradient. keys [B, Hkv, capacity,
// d] and values [.., dv] get the new slots: row i of the call is row cache_rows[i] of the cache (none: row i), where
// filled[i] slots are there already. filled, cache_rows I64 [N] on the CPU.
at::Tensor cached_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& keys,
                            const at::Tensor& values, const at::Tensor& offsets,
                            const std::optional<at::Tensor>& cache_rows, const at::Tensor& filled,
                            const std::optional<at::Tensor>& cos, const std::optional<at::Tensor>& sin, double scale,
                            std::int64_t left);

// x weightᵀ · scales + bias for so few rows that reading the weight is what takes the time; without a gradient.
// x [.., in] float32; weight [out, in] float32, bfloat16 or int8; bias and scales [out] → [.., out] float32
at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                            const std::optional<at::Tensor>& scales);

// From about so many rows on, a library that packs both matrices is faster (measured on two cores with AVX-512).
inline constexpr std::int64_t few_rows = 64;

// x weightᵀ + bias in bfloat16 for many rows, with a gradient: x [.., in] and weight [out, in] (`turned`: [in, out]) in
// float32 or bfloat16, in and out even; bias [out] → [.., out], bfloat16. A weight's gradient is as wide as the weight.
at::Tensor many_rows_product(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                             bool turned);
// Whether it takes such a weight.
bool many_rows_fit(const at::Tensor& weight);

// branch + residual [.., D] and the norm of that; kind 0: layer norm, 1: RMS norm, 2: RMS norm by 1 + weight. The norm
// is as wide as the wider of sum and weight, or bfloat16 if `narrow`: what a product under autocast takes.
std::tuple<at::Tensor, at::Tensor> residual_norm(const at::Tensor& branch, const at::Tensor& residual,
                                                 const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                                                 std::int64_t kind, double eps, bool narrow = false);
// The norm alone.
at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias, std::int64_t kind,
                double eps, bool narrow = false);

// The activations that there are kernels for.
std::vector<std::string> activations();
// act(gate) · up, [..]; `act` by the name that Hugging Face configs use. Those that are not known throw.
at::Tensor gated_product(const at::Tensor& gate, const at::Tensor& up, std::string_view act);
// act(x + bias); x [.., D], bias [D].
at::Tensor biased_activation(const at::Tensor& x, const at::Tensor& bias, std::string_view act);

// Σ over rows of −log softmax(logits)[target]; logits [R, V], targets I64 [R] → scalar, float32.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& targets);

// Rows of a table by index: table [R, D] (float64 too), index I64 [..] → [.., D]. The gradient is added up for each row
// of the table by one thread, in the index's order.
at::Tensor gather_rows(const at::Tensor& table, const at::Tensor& index);

}  // namespace welt::kernels
