// Parts of BERT and its kin. See post_norm.h.
#include "welt/nn/post_norm.h"

#include <ATen/TensorOperators.h>

#include <welt/sdk/base.hpp>

namespace welt::nn {

at::Tensor token_type_rows(const Embedding& types, const RowPlan& plan) {
  const at::Tensor& ids = plan.token_types();
  if (!ids.defined()) return types.weight[0];
  // Only on the CPU: looking at what another device holds would wait for it.
  if (ids.numel() > 0 && ids.device().is_cpu()) {
    const std::int64_t least = ids.min().item<std::int64_t>(), most = ids.max().item<std::int64_t>();
    if (least < 0 || most >= types.weight.size(0)) {
      throw sdk::invalid("token type " + std::to_string(least < 0 ? least : most) + " was given; the model has " +
                             std::to_string(types.weight.size(0)) + " (type_vocab_size)",
                         "token_types");
    }
  }
  return types(ids);
}

MaskedLMTransform::MaskedLMTransform(std::int64_t in, std::int64_t out, std::string_view activation, double eps,
                                     const at::TensorOptions& options, const Init& init, const MaskedLMNames& names)
    : activation_(activation), dense_(in, out, true, options, init), norm_(out, eps, options) {
  child(names.dense, dense_);
  child(names.norm, norm_);
}

}  // namespace welt::nn
