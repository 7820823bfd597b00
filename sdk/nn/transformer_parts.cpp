// See transformer_parts.h.
#include "welt/nn/transformer_parts.h"

namespace welt::nn {

SelfAttention::SelfAttention(std::int64_t width, std::int64_t heads, const Names& names, const Biases& biases,
                             const at::TensorOptions& options, const Init& init, const Init& out_init)
    : heads_(heads),
      query_(width, width, biases.query, options, init),
      key_(width, width, biases.key, options, init),
      value_(width, width, biases.value, options, init),
      out_(width, width, biases.out, options, out_init) {
  children({{names.query, query_}, {names.key, key_}, {names.value, value_}, {names.out, out_}});
}

at::Tensor SelfAttention::operator()(const at::Tensor& x, const RowPlan& plan,
                                     const AttentionOptions& attention) const {
  const auto heads = [&](const at::Tensor& y) { return y.view({y.size(0), heads_, y.size(1) / heads_}); };
  return out_(row_attention(heads(query_(x)), heads(key_(x)), heads(value_(x)), plan, attention));  // [tokens, D]
}

FeedForward::FeedForward(std::int64_t width, std::int64_t inner, std::string_view activation, const Names& names,
                         bool with_bias, const at::TensorOptions& options, const Init& in_init, const Init& out_init,
                         const Init& bias_init)
    : activation_(activation),
      in_(width, inner, with_bias, options, in_init, bias_init),
      out_(inner, width, with_bias, options, out_init, bias_init) {
  children({{names.in, in_}, {names.out, out_}});
}

}  // namespace welt::nn
