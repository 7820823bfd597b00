// The two parts of a plain transformer's block, under whatever names its class gives their products.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

#include "welt/nn/activation.h"
#include "welt/nn/attention.h"
#include "welt/nn/blocks.h"
#include "welt/nn/layers.h"
#include "welt/nn/row_plan.h"

namespace welt::nn {

// Tokens of a row that look at each other: four products, under names of the class.
class SelfAttention : public Module {
 public:
  struct Names {
    const char *query, *key, *value, *out;
  };
  struct Biases {
    bool query = true, key = true, value = true, out = true;
  };
  SelfAttention(std::int64_t width, std::int64_t heads, const Names& names, const Biases& biases,
                const at::TensorOptions& options, const Init& init, const Init& out_init);
  at::Tensor operator()(const at::Tensor& x, const RowPlan& plan, const AttentionOptions& attention) const;

 private:
  std::int64_t heads_;
  Linear query_, key_, value_, out_;
};

// out(act(in(x))), under names of the class.   [.., D] → [.., I] → [.., D]
class FeedForward : public Module {
 public:
  struct Names {
    const char *in, *out;
  };
  FeedForward(std::int64_t width, std::int64_t inner, std::string_view activation, const Names& names, bool with_bias,
              const at::TensorOptions& options, const Init& in_init, const Init& out_init,
              const Init& bias_init = Init::zeros());
  at::Tensor operator()(const at::Tensor& x) const { return out_(activated(in_, activation_, x)); }

 private:
  Activation activation_;
  Linear in_, out_;
};

}  // namespace welt::nn
