// The program's kernels (welt::* operators), found by name: a plugin gets faster with the program, without being built
// again, and runs on LibTorch's own operators where there are none. Any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

#include "welt/nn/attention.h"
#include "welt/nn/layers.h"

namespace welt::nn::host_kernels {

// Whether the kernels are there, in use, and take tensors like this one: float32 or bfloat16 on the CPU.
bool take(const at::Tensor& x);
// Whether they know an activation of this name.
bool know(std::string_view activation);

// As nn::row_attention(), of a plan without cache and dense mask and without score_bias. → [tokens, H, dv]
at::Tensor row_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                         const AttentionOptions& options, double scale);

// The same of rows that go on behind a cache of keys and values, which gets the new slots; for takes_step() alone.
at::Tensor cached_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                            const AttentionOptions& options, double scale);

// x Wᵀ + b of rows so few that reading the weight takes the time: generation's products. bias: [out] or undefined.
bool few_rows(const at::Tensor& x, const at::Tensor& weight);
at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool turned = false);
// Whether such a product is by a smaller copy of the weight, for however many rows; with `turned`, of one [in, out].
bool narrow_weights(const at::Tensor& x, const at::Tensor& weight);

// x Wᵀ + b of as many rows as there are, by the kernels or by LibTorch, as the program finds faster; by LibTorch where
// there are none. turned: x W + b, of two dimensions each and a bias.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool turned = false);

// While it lives, this thread's products are those of training although no gradient is wanted: what a checkpointed
// block computes twice has to be the same.
class AsInTraining {
 public:
  AsInTraining();
  AsInTraining(const AsInTraining&) = delete;
  ~AsInTraining();

 private:
  bool before_;
};

struct Normed {
  at::Tensor sum, normed;
};
Normed residual_norm(const at::Tensor& branch, const at::Tensor& residual, const NormSpec& norm, bool narrow);
at::Tensor gated_product(const at::Tensor& gate, const at::Tensor& up, std::string_view activation);
at::Tensor biased_activation(const at::Tensor& x, const at::Tensor& bias, std::string_view activation);

}  // namespace welt::nn::host_kernels
