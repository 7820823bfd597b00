// The mathematics of SigLIP's vision tower. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>

#include <cmath>

namespace welt::siglip_vision {
namespace {

constexpr nn::FeedForward::Names feed_forward_names = {"fc1", "fc2"};
constexpr nn::ViTBlock::Names names = {
    .attention_norm = "layer_norm1",
    .feed_forward_norm = "layer_norm2",
    .attention = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj"},
    .feed_forward = {"mlp.fc1", "mlp.fc2"}};
constexpr double feed_forward_bias = 1e-6;  // standard deviation of new ones

nn::Init glorot() { return nn::Init::xavier(nn::Init::Scale::Spread::uniform); }

// LeCun's: of variance 1 / fan in, cut off at two deviations, which the last factor makes up for.
nn::Init lecun(std::int64_t fan_in) {
  const double deviation = 1 / std::sqrt(static_cast<double>(fan_in)) / 0.87962566103423978;
  return nn::Init::truncated_normal(deviation, 0, -2 * deviation, 2 * deviation);
}

}  // namespace

Embeddings::Embeddings(const Settings& s, const at::TensorOptions& options)
    : positions_for_({s.image, s.image}, {s.patch, s.patch}, /*before=*/0),
      positions_(nn::area(s.grid), s.width, options, 1 / std::sqrt(static_cast<double>(s.width))),
      projection_(s.channels, s.width, {.kernel = {s.patch, s.patch}, .stride = {s.patch, s.patch}}, options,
                  lecun(s.channels * s.patch * s.patch)) {
  children({{"patch_embedding", projection_}, {"position_embedding", positions_}});
}

at::Tensor Embeddings::operator()(const nn::PatchRows& rows) const {
  return rows.tokens(rows.patches(projection_), /*first=*/{},
                     [&](const nn::Extent& grid) { return positions_for_(positions_.weight, grid); });
}

PoolingHead::PoolingHead(const Settings& s, const at::TensorOptions& options)
    : heads_(s.heads),
      out_(s.width, s.width, /*with_bias=*/true, options, lecun(s.width)),
      norm_(s.width, s.norm_eps, options),
      feed_forward_(s.width, s.inner, s.activation, feed_forward_names, /*with_bias=*/true, options, glorot(), glorot(),
                    feed_forward_bias) {
  parameter("probe", probe_, {1, 1, s.width}, options, glorot());
  parameter("attention.in_proj_weight", in_weight_, {3 * s.width, s.width}, options, glorot());
  parameter("attention.in_proj_bias", in_bias_, {3 * s.width}, options, nn::Init::zeros(), {.decay = false});
  children({{"attention.out_proj", out_}, {"layernorm", norm_}, {"mlp", feed_forward_}});
}

at::Tensor PoolingHead::operator()(const at::Tensor& x, const nn::RowPlan& plan) const {
  const std::int64_t width = x.size(1), head_width = width / heads_;
  const auto part = [&](const at::Tensor& of, std::int64_t from, std::int64_t parts) {
    return nn::linear(of, in_weight_.narrow(0, from * width, parts * width),
                      in_bias_.narrow(0, from * width, parts * width))
        .view({-1, parts, heads_, head_width});
  };
  const at::Tensor query = part(probe_[0], 0, 1).view({heads_, head_width});            // [H, d]
  const at::Tensor both = part(x, 1, 2), k = both.select(1, 0), v = both.select(1, 1);  // [tokens, H, d]
  const double scale = 1 / std::sqrt(static_cast<double>(head_width));
  const nn::Residual pooled = nn::residual_norm({}, out_(nn::pool_attention(query, k, v, plan, scale)), norm_.spec());
  return pooled.sum + feed_forward_(pooled.normed);  // [N, D]
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : s_(config),
      embeddings_(s_, options),
      blocks_(s_.layers, nn::ViTBlock::Shape{s_.width, s_.heads, s_.inner, s_.activation, s_.norm_eps}, names,
              nn::ViTBlock::Inits{glorot(), glorot(), glorot(), glorot(), feed_forward_bias}, options),
      norm_(s_.width, s_.norm_eps, options) {
  children({{"vision_model.embeddings", embeddings_}, {"vision_model.encoder.layers", blocks_}});
  child("vision_model.post_layernorm", norm_);
  if (s_.head) child("vision_model.head", head_.emplace(s_, options));
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  const nn::PatchRows rows(input, {s_.patch, s_.patch}, /*before=*/0);
  const at::Tensor embedded = embeddings_(rows);
  const nn::ViTShared shared{rows.plan(embedded, input.trace), /*hidden_dropout=*/0, active(s_.attention_dropout)};
  const nn::Stream out = nn::run_blocks(*this, blocks_, shared, {shared.plan.enter(embedded), {}});
  const nn::Residual last = nn::residual_norm(out.branch, out.x, norm_.spec());  // [tokens, D]
  shared.plan.trace_hidden(blocks_.size(), last.sum);                            // transformers: before the last norm
  if (head_ && !input.want_hidden) return {{}, (*head_)(last.normed, shared.plan)};
  const at::Tensor hidden = rows.padded(shared.plan.leave(last.normed));  // [N, T, D]
  return {hidden, head_ ? (*head_)(last.normed, shared.plan) : rows.mean(hidden)};
}

nn::ImageFacts Model::facts() const {
  return {.base_prefix = "siglip",
          .width = s_.width,
          .channels = s_.channels,
          .patch = {s_.patch, s_.patch},
          .ragged = true,
          .has_pooler = s_.head,
          .mean = {0.5, 0.5, 0.5, 0.5},  // SiglipImageProcessor
          .deviation = {0.5, 0.5, 0.5, 0.5}};
}

}  // namespace welt::siglip_vision
