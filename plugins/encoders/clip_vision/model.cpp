// The mathematics of CLIP's vision tower. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>

#include <cmath>

namespace welt::clip_vision {
namespace {

constexpr nn::ViTBlock::Names names = {
    .attention_norm = "layer_norm1",
    .feed_forward_norm = "layer_norm2",
    .attention = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj"},
    .feed_forward = {"mlp.fc1", "mlp.fc2"}};

nn::ViTBlock::Shape shape_of(const Settings& s) { return {s.width, s.heads, s.inner, s.activation, s.norm_eps}; }

double share_of_width(const Settings& s) { return s.initializer_factor / std::sqrt(static_cast<double>(s.width)); }

nn::ViTBlock::Inits inits_of(const Settings& s) {
  const double share = share_of_width(s), depth = share / std::sqrt(2.0 * static_cast<double>(s.layers));
  return {.attention = depth, .attention_out = share, .in = share / std::sqrt(2.0), .out = depth};
}

}  // namespace

Embeddings::Embeddings(const Settings& s, const at::TensorOptions& options)
    : positions_for_({s.image, s.image}, {s.patch, s.patch}, /*before=*/1),
      positions_(1 + nn::area(s.grid), s.width, options, s.initializer_range * s.initializer_factor),
      projection_(s.channels, s.width, {.kernel = {s.patch, s.patch}, .stride = {s.patch, s.patch}, .bias = false},
                  options, s.initializer_range * s.initializer_factor) {
  parameter("class_embedding", class_token_, {s.width}, options, share_of_width(s), {.decay = false, .table = true});
  children({{"patch_embedding", projection_}, {"position_embedding", positions_}});
}

at::Tensor Embeddings::operator()(const nn::PatchRows& rows) const {
  return rows.tokens(rows.patches(projection_), class_token_.unsqueeze(0),
                     [&](const nn::Extent& grid) { return positions_for_(positions_.weight, grid); });
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : s_(config),
      embeddings_(s_, options),
      norm_before_(s_.width, s_.norm_eps, options),
      norm_after_(s_.width, s_.norm_eps, options),
      blocks_(s_.layers, shape_of(s_), names, inits_of(s_), options) {
  children({{"vision_model.embeddings", embeddings_}, {"vision_model.pre_layrnorm", norm_before_}});  // sic
  children({{"vision_model.encoder.layers", blocks_}, {"vision_model.post_layernorm", norm_after_}});
  if (!s_.projects()) return;
  projection_.emplace(s_.width, s_.projected, /*with_bias=*/false, options, share_of_width(s_));
  child("visual_projection", *projection_);
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  const nn::PatchRows rows(input, {s_.patch, s_.patch}, /*before=*/1);
  const at::Tensor embedded = norm_before_(embeddings_(rows));
  nn::ViTShared shared{rows.plan(embedded, input.trace), /*hidden_dropout=*/0, active(s_.attention_dropout)};
  shared.first_only = nn::first_only_block(blocks_.size(), input, shared.plan);
  const nn::Stream out = nn::run_blocks(*this, blocks_, shared, {shared.plan.enter(embedded), {}});
  if (shared.first_only) return {{}, pool(nn::residual_norm(out.branch, out.x, norm_after_.spec()))};
  const at::Tensor last = out.branch.defined() ? out.x + out.branch : out.x;  // [tokens, D]
  shared.plan.trace_hidden(blocks_.size(), last);
  const nn::Residual first = nn::residual_norm({}, shared.plan.first_tokens(last), norm_after_.spec());
  return {input.want_hidden ? rows.padded(shared.plan.leave(last)) : at::Tensor(), pool(first)};
}

at::Tensor Model::pool(const nn::Residual& first) const {
  return projection_ ? (*projection_)(first.normed) : first.normed;
}

nn::ImageFacts Model::facts() const {
  return {.base_prefix = "clip",
          .width = s_.projects() ? s_.projected : s_.width,
          .channels = s_.channels,
          .patch = {s_.patch, s_.patch},
          .ragged = true,
          .has_pooler = !s_.projects(),  // that class gives image_embeds in its place
          .initializer_range = s_.initializer_range,
          .mean = {0.48145466, 0.4578275, 0.40821073},  // CLIPImageProcessor
          .deviation = {0.26862954, 0.26130258, 0.27577711, 1}};
}

}  // namespace welt::clip_vision
