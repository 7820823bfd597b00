// The parts that vision transformers are made of. See vit.h.
#include "welt/nn/vit.h"

#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <utility>

#include "welt/nn/pre_norm.h"

namespace welt::nn {

std::optional<std::size_t> first_only_block(std::size_t blocks, const ImageInput& input, const RowPlan& plan) {
  if (blocks == 0 || input.want_hidden || plan.traced()) return std::nullopt;
  return blocks - 1;
}

const ViTBlock::Names ViTBlock::vit_names = {.attention_norm = "layernorm_before",
                                             .feed_forward_norm = "layernorm_after",
                                             .attention = {"attention.attention.query", "attention.attention.key",
                                                           "attention.attention.value", "attention.output.dense"},
                                             .feed_forward = {"intermediate.dense", "output.dense"}};

ViTBlock::ViTBlock(const Shape& shape, const Names& names, const Inits& inits, const at::TensorOptions& options)
    : attention_norm_(shape.width, shape.norm_eps, options),
      feed_forward_norm_(shape.width, shape.norm_eps, options),
      attention_(shape.width, shape.heads, names.attention, {shape.qkv_bias, shape.qkv_bias, shape.qkv_bias, true},
                 options, inits.attention, inits.attention_out),
      feed_forward_(shape.width, shape.inner, shape.activation, names.feed_forward, /*with_bias=*/true, options,
                    inits.in, inits.out, inits.feed_forward_bias) {
  children({{"", attention_}, {"", feed_forward_}});
  children({{names.attention_norm, attention_norm_}, {names.feed_forward_norm, feed_forward_norm_}});
}

Stream ViTBlock::operator()(const Stream& in, const ViTShared& shared, std::size_t layer) const {
  const auto attention = [&](const at::Tensor& x) {
    return dropout(attention_(x, shared.plan, {.dropout = shared.attention_dropout}), shared.hidden_dropout);
  };
  const auto feed_forward = [&](const at::Tensor& x) { return dropout(feed_forward_(x), shared.hidden_dropout); };
  return pre_norm_block(in, shared.plan, layer, attention_norm_, attention, feed_forward_norm_, feed_forward,
                        shared.first_only == layer);
}

namespace {

// The row of each token, both in plan order.   → I64 [tokens, 1]
at::Tensor row_of_tokens(const RowPlan& plan, const at::Tensor& like) {
  std::vector<at::Tensor> out{at::zeros({0, 1}, like.options().dtype(at::kLong))};  // a call may have no rows
  for (const RowGroup& group : plan.groups()) {
    const at::Tensor rows = at::arange(group.first_row, group.first_row + group.rows, out.front().options());
    out.push_back(rows.unsqueeze(1).expand({group.rows, group.length}).reshape({-1, 1}));
  }
  return at::cat(out);
}

}  // namespace

at::Tensor pool_attention(const at::Tensor& query, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                          double scale) {
  // Scores and softmax in float32 where q is narrower, also under autocast: as in row_attention with `upcast`.
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const at::ScalarType type = v.scalar_type(), wide = c10::promoteTypes(type, at::kFloat);
  const std::int64_t heads = query.size(0), width = query.size(1);
  const at::Tensor scaled = (query.to(wide) * scale).unsqueeze(2);  // [H, d, 1]
  std::vector<at::Tensor> out;
  for (const RowGroup& group : plan.groups()) {
    const auto rows = [&](const at::Tensor& x) {
      return x.narrow(0, group.first_token, group.rows * group.length)
          .view({group.rows, group.length, heads, width})
          .transpose(1, 2);  // [n, H, T, d]
    };
    const at::Tensor scores = at::matmul(rows(k).to(wide), scaled);                    // [n, H, T, 1]
    const at::Tensor weights = at::softmax(scores, 2).to(type).transpose(2, 3);        // [n, H, 1, T]
    out.push_back(at::matmul(weights, rows(v)).reshape({group.rows, heads * width}));  // [n, H·d]
  }
  if (out.empty()) return v.narrow(0, 0, 0).flatten(1);
  if (out.size() == 1) return out.front();
  return at::index_select(at::cat(out), 0, plan.first_tokens(row_of_tokens(plan, v)).squeeze(1));
}

at::Tensor drop_rows(const at::Tensor& x, const RowPlan& plan, double probability) {
  if (probability == 0) return x;
  const at::Tensor kept = drop_path(at::ones({plan.rows(), 1}, x.options()), probability);
  if (x.size(0) == plan.rows()) return x * kept;
  return x * at::index_select(kept, 0, row_of_tokens(plan, x).squeeze(1));
}

}  // namespace welt::nn
