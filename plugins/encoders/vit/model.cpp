// The mathematics of ViT. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <array>
#include <cmath>

namespace welt::vit {
namespace {

std::string shown(const nn::Extent& extent) {
  return "[" + std::to_string(extent.height) + ", " + std::to_string(extent.width) + "]";
}

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  if (pooled_width == 0) pooled_width = width;
  if (grid().height < 1 || grid().width < 1) {
    throw sdk::invalid("image_size " + shown(image) + " is smaller than a patch, " + shown(patch), "image_size");
  }
}

Embeddings::Embeddings(const Settings& s, const at::TensorOptions& options)
    : settings_(s),
      projection_(s.channels, s.width, {.kernel = s.patch, .stride = s.patch}, options, s.initializer_range) {
  table("cls_token", class_token_, {1, 1, s.width}, options, s.initializer_range);
  table("position_embeddings", positions_, {1, 1 + s.grid().height * s.grid().width, s.width}, options,
        s.initializer_range);
  child("patch_embeddings.projection", projection_);
}

at::Tensor Embeddings::operator()(const at::Tensor& pixels, const Dropouts& dropouts) const {
  const at::Tensor patches = projection_(pixels).flatten(2).transpose(1, 2);                    // [N, h·w, D]
  const at::Tensor table = table_for({pixels.size(2), pixels.size(3)});                         // [1, T, D]
  const at::Tensor first = class_token_ + table.narrow(1, 0, 1);                                // [1, 1, D]
  const at::Tensor rest = patches + table.narrow(1, 1, patches.size(1));                        // [N, h·w, D]
  const at::Tensor x = at::cat({first.expand({pixels.size(0), 1, settings_.width}), rest}, 1);  // [N, T, D]
  return nn::dropout(x, dropouts.hidden);
}

// As ViTEmbeddings with interpolate_pos_encoding, which WeLT always asks for: the table as it is for an image of the
// trained size, and for any square one with as many patches.
at::Tensor Embeddings::table_for(const nn::Extent& image) const {
  const nn::Extent grid{image.height / settings_.patch.height, image.width / settings_.patch.width};
  const bool as_many = grid.height * grid.width == positions_.size(1) - 1;
  if (image == settings_.image || (as_many && image.height == image.width)) return positions_;
  return kept_interpolated(grid);
}

at::Tensor Embeddings::kept_interpolated(const nn::Extent& grid) const {
  if (at::GradMode::is_enabled() && positions_.requires_grad()) return interpolated(grid);
  if (positions_.is_inference()) return interpolated(grid);  // has no version to compare
  constexpr std::size_t most_kept = 64;                      // word images come in some dozen sizes
  const std::int64_t version = positions_._version();
  if (!kept_of_.is_same(positions_) || kept_version_ != version || kept_.size() >= most_kept) kept_.clear();
  kept_of_ = positions_, kept_version_ = version;
  at::Tensor& table = kept_[{grid.height, grid.width}];
  if (!table.defined()) table = interpolated(grid);
  return table;
}

// transformers reads the table as a square grid, whatever image_size says.
at::Tensor Embeddings::interpolated(const nn::Extent& grid) const {
  const std::int64_t patches = positions_.size(1) - 1, width = settings_.width;
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
  if (side * side != patches) {
    throw sdk::invalid("an image of another size than image_size " + shown(settings_.image) + " came; its " +
                           std::to_string(patches) +
                           " positions are no square number and cannot be interpolated, in transformers either. Choose "
                           "a square image_size, or bring all images to image_size",
                       "image_size");
  }
  const std::array<std::int64_t, 2> size{grid.height, grid.width};
  const at::Tensor square =
      positions_.narrow(1, 1, patches).view({1, side, side, width}).permute({0, 3, 1, 2});  // [1, D, side, side]
  const at::Tensor fitted = at::upsample_bicubic2d(square, size, /*align_corners=*/false);  // [1, D, h, w]
  const at::Tensor flat = fitted.permute({0, 2, 3, 1}).reshape({1, grid.height * grid.width, width});
  return at::cat({positions_.narrow(1, 0, 1), flat}, 1);
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : norm_before_(s.width, s.norm_eps, options),
      norm_after_(s.width, s.norm_eps, options),
      heads_(s.heads),
      head_width_(s.head_width),
      query_(s.width, s.width, s.qkv_bias, options, s.initializer_range),
      key_(s.width, s.width, s.qkv_bias, options, s.initializer_range),
      value_(s.width, s.width, s.qkv_bias, options, s.initializer_range),
      attention_out_(s.width, s.width, true, options, s.initializer_range),
      activation_(s.activation),
      inner_(s.width, s.inner, true, options, s.initializer_range),
      out_(s.inner, s.width, true, options, s.initializer_range) {
  children({{"attention.attention.query", query_}, {"attention.attention.key", key_}});
  children({{"attention.attention.value", value_}, {"attention.output.dense", attention_out_}});
  children({{"intermediate.dense", inner_}, {"output.dense", out_}});
  children({{"layernorm_before", norm_before_}, {"layernorm_after", norm_after_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  auto [sum, normed] = nn::residual_norm(in.branch, in.x, norm_before_.spec());
  shared.plan.trace_hidden(layer, sum);
  shared.plan.trace_part(layer, "input_norm", normed);
  at::Tensor attended = attend(normed, shared);  // [tokens, D]
  shared.plan.trace_part(layer, "attention", attended);
  if (shared.class_only == layer) {
    attended = shared.plan.first_tokens(attended), sum = shared.plan.first_tokens(sum);  // [N, D]
  }
  const nn::Residual between = nn::residual_norm(attended, sum, norm_after_.spec());
  const at::Tensor fed = feed(between.normed, shared);
  if (shared.class_only == layer) return {between.sum, fed};
  shared.plan.trace_part(layer, "post_attention_norm", between.normed);
  shared.plan.trace_part(layer, "mlp", fed);
  return {between.sum, fed};
}

at::Tensor Block::attend(const at::Tensor& x, const Shared& shared) const {
  const std::int64_t tokens = x.size(0);
  const auto heads = [&](const at::Tensor& y) { return y.view({tokens, heads_, head_width_}); };  // [tokens, H, d]
  const at::Tensor attended = nn::row_attention(heads(query_(x)), heads(key_(x)), heads(value_(x)), shared.plan,
                                                {.dropout = shared.dropouts.attention});  // [tokens, D]
  return nn::dropout(attention_out_(attended), shared.dropouts.hidden);
}

at::Tensor Block::feed(const at::Tensor& x, const Shared& shared) const {
  return nn::dropout(out_(activation_(inner_(x))), shared.dropouts.hidden);  // D → I → D
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      embeddings_(settings_, options),
      blocks_(settings_.layers, settings_, options),
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
  const Dropouts dropouts{active(settings_.hidden_dropout), active(settings_.attention_dropout)};
  const at::Tensor embedded = embeddings_(input.pixels, dropouts);             // [N, T, D]
  const nn::RowPlan plan({.embeds = embedded, .causal = false}, input.trace);  // a row of tokens for each image
  // The pooler looks at the class tokens alone: so does the last block then, once its attention is done.
  const bool class_only = pooler_ && !blocks_.empty() && !input.want_hidden && !plan.traced();
  std::optional<std::size_t> class_block;
  if (class_only) class_block = blocks_.size() - 1;
  const nn::Stream out =
      nn::run_blocks(*this, blocks_, Shared{plan, dropouts, class_block}, {plan.enter(embedded), {}});
  const nn::Residual last = nn::residual_norm(out.branch, out.x, norm_.spec());
  if (class_only) return {{}, pool(last.normed)};
  plan.trace_hidden(blocks_.size(), last.sum);        // transformers: before the last norm
  const at::Tensor hidden = plan.leave(last.normed);  // [N, T, D]
  return {hidden, pooler_ ? pool(hidden.select(1, 0)) : hidden.mean(1)};
}

at::Tensor Model::pool(const at::Tensor& first) const { return pooler_activation_((*pooler_)(first)); }

nn::ImageFacts Model::facts() const {
  return {.base_prefix = "vit",
          .width = pooler_ ? settings_.pooled_width : settings_.width,
          .channels = settings_.channels,
          .patch = settings_.patch,
          .has_pooler = pooler_.has_value(),
          .initializer_range = settings_.initializer_range,
          .mean = {0.5, 0.5, 0.5, 0.5},  // ViTImageProcessor
          .deviation = {0.5, 0.5, 0.5, 0.5}};
}

}  // namespace welt::vit
