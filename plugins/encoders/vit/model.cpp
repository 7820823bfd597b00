// The mathematics of ViT. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>

namespace welt::vit {
namespace {

nn::ViTBlock::Shape shape_of(const Settings& s) {
  return {s.width, s.heads, s.inner, s.activation, s.norm_eps, s.qkv_bias};
}

nn::ViTBlock::Inits inits_of(const Settings& s) {
  return {s.initializer_range, s.initializer_range, s.initializer_range, s.initializer_range};
}

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  irrelevant({"encoder_stride"});
  if (pooled_width == 0) pooled_width = width;
  static_cast<void>(grid());  // there is one
}

Embeddings::Embeddings(const Settings& s, const at::TensorOptions& options)
    : positions_for_(s.image, s.patch, /*before=*/1),
      projection_(s.channels, s.width, {.kernel = s.patch, .stride = s.patch}, options, s.initializer_range) {
  table("cls_token", class_token_, {1, 1, s.width}, options, s.initializer_range);
  table("position_embeddings", positions_, {1, 1 + nn::area(s.grid()), s.width}, options, s.initializer_range);
  child("patch_embeddings.projection", projection_);
}

at::Tensor Embeddings::operator()(const nn::PatchRows& rows) const {
  return rows.tokens(rows.patches(projection_), class_token_[0],
                     [&](const nn::Extent& grid) { return positions_for_(positions_, grid); });
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      embeddings_(settings_, options),
      blocks_(settings_.layers, shape_of(settings_), nn::ViTBlock::vit_names, inits_of(settings_), options),
      norm_(settings_.width, settings_.norm_eps, options),
      pooler_activation_(settings_.pooler_activation) {
  const std::string prefix = settings_.classifier() ? "vit." : "";
  child(prefix + "embeddings", embeddings_);
  child(prefix + "encoder.layer", blocks_);
  child(prefix + "layernorm", norm_);
  if (settings_.classifier()) return;
  pooler_.emplace(settings_.width, settings_.pooled_width, true, options, settings_.initializer_range);
  child("pooler.dense", *pooler_, /*optional_in_file=*/true);  // files of classifiers have none
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  const nn::PatchRows rows(input, settings_.patch, /*before=*/1);
  const double dropout = active(settings_.hidden_dropout);
  const at::Tensor embedded = nn::dropout(embeddings_(rows), dropout);
  nn::ViTShared shared{rows.plan(embedded, input.trace), dropout, active(settings_.attention_dropout)};
  // The pooler looks at the class tokens alone: so does the last block then, once its attention is done.
  if (pooler_) shared.first_only = nn::first_only_block(blocks_.size(), input, shared.plan);
  const nn::Stream out = nn::run_blocks(*this, blocks_, shared, {shared.plan.enter(embedded), {}});
  const nn::Residual last = nn::residual_norm(out.branch, out.x, norm_.spec());
  if (shared.first_only) return {{}, pool(last.normed)};
  shared.plan.trace_hidden(blocks_.size(), last.sum);  // transformers: before the last norm
  if (pooler_ && !input.want_hidden) return {{}, pool(shared.plan.first_tokens(last.normed))};
  const at::Tensor hidden = rows.padded(shared.plan.leave(last.normed));  // [N, T, D]
  return {hidden, pooler_ ? pool(hidden.select(1, 0)) : rows.mean(hidden)};
}

at::Tensor Model::pool(const at::Tensor& first) const { return pooler_activation_((*pooler_)(first)); }

nn::ImageFacts Model::facts() const {
  return {.base_prefix = "vit",
          .width = pooler_ ? settings_.pooled_width : settings_.width,
          .channels = settings_.channels,
          .patch = settings_.patch,
          .ragged = true,
          .has_pooler = pooler_.has_value(),
          .initializer_range = settings_.initializer_range,
          .mean = {0.5, 0.5, 0.5, 0.5},  // ViTImageProcessor
          .deviation = {0.5, 0.5, 0.5, 0.5}};
}

}  // namespace welt::vit
