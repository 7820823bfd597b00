// The mathematics of FastViT. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include <array>

namespace welt::fastvit {
namespace {

// A part of the stem.
MobileOne::Shape stem(const Settings& s, const Arguments& a, std::int64_t in, std::int64_t kernel, std::int64_t stride,
                      std::int64_t groups) {
  return {.in = in,
          .out = s.stages().front().width,
          .kernel = kernel,
          .stride = stride,
          .groups = groups,
          .merged = a.fused,
          .scales = a.stem_scale.value_or(s.variant().stem_scale)};
}

}  // namespace

Block::Block(const Settings& s, const StageShape& shape, const at::TensorOptions& options, std::int64_t number)
    : mlp_(shape.width, shape.inner, s.arguments().dropout, options),
      mlp_scale_(shape.width, s.arguments().layer_scale, options) {
  const Arguments a = s.arguments();
  if (s.blocks() > 1) {
    drop_path_ = a.drop_path * static_cast<double>(shape.first_block + number) / static_cast<double>(s.blocks() - 1);
  }
  if (!shape.attention) {
    child("token_mixer", mixer_.emplace(shape.width, a, options));
    children({{"mlp", mlp_}, {"layer_scale", mlp_scale_}});
    return;
  }
  if (s.variant().layer_norm) {
    child("norm", layer_norm_.emplace(shape.width, norm_eps, options));
  } else {
    child("norm", batch_norm_.emplace(shape.width, norm_eps, options));
  }
  child("token_mixer", attention_.emplace(shape.width, options, s.deviation));
  child("layer_scale_1", attention_scale_.emplace(shape.width, a.layer_scale, options));
  children({{"mlp", mlp_}, {"layer_scale_2", mlp_scale_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t number) const {
  const auto trace = [&](const char* part, const at::Tensor& value) {
    if (!shared.traced) return;
    const std::int64_t block = shared.first_block + static_cast<std::int64_t>(number);
    shared.trace("layers." + std::to_string(block) + "." + part, value);
  };
  const auto kept = [&](const at::Tensor& branch) { return nn::drop_path(branch, active(drop_path_)); };
  at::Tensor x = in.x;
  if (mixer_) {
    x = (*mixer_)(x);
    trace("token_mixer", x);
  } else {
    const at::Tensor attended = (*attention_)(norm(x));
    trace("attention", attended);
    x = x + kept((*attention_scale_)(attended));
  }
  const at::Tensor fed = mlp_(x);
  trace("mlp", fed);
  return {x + kept(mlp_scale_(fed)), {}};
}

at::Tensor Block::norm(const at::Tensor& x) const {
  if (batch_norm_) return (*batch_norm_)(x);
  return (*layer_norm_)(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
}

Stage::Stage(const Settings& s, const at::TensorOptions& options, std::int64_t number)
    : shape_(s.stages()[static_cast<std::size_t>(number)]), blocks_(shape_.depth, s, shape_, options) {
  const Arguments a = s.arguments();
  const bool activation = a.down_activation.value_or(s.variant().down_activation);
  if (shape_.halves) child("downsample", downsample_.emplace(shape_, a, activation, options));
  if (shape_.positions) child("pos_emb", positions_.emplace(shape_.width, a.fused, options));
  child("blocks", blocks_);
}

at::Tensor Stage::operator()(const nn::Body& model, at::Tensor x, const nn::ImageInput& input) const {
  if (downsample_) x = (*downsample_)(x);
  if (positions_) x = (*positions_)(x);
  return nn::run_blocks(model, blocks_, Shared{shape_.first_block, input.trace, static_cast<bool>(input.trace)},
                        {x, {}})
      .x;
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      arguments_(settings_.arguments()),
      stem_1_(stem(settings_, arguments_, arguments_.channels, 3, 2, 1), options),
      stem_2_(stem(settings_, arguments_, settings_.stages().front().width, 3, 2, settings_.stages().front().width),
              options),
      stem_3_(stem(settings_, arguments_, settings_.stages().front().width, 1, 1, 1), options),
      stages_(static_cast<std::int64_t>(settings_.stages().size()), settings_, options),
      final_({.in = settings_.stages().back().width,
              .out = settings_.last_width(),
              .kernel = 3,
              .groups = settings_.stages().back().width,
              .merged = arguments_.fused,
              .excited = true},
             options) {
  children(
      {{"stem.0", stem_1_}, {"stem.1", stem_2_}, {"stem.2", stem_3_}, {"stages", stages_}, {"final_conv", final_}});
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  const at::Tensor pixels = input.pixels.contiguous(at::MemoryFormat::ChannelsLast);  // [N, C, Hpx, Wpx]
  at::Tensor x = stem_3_(stem_2_(stem_1_(pixels)));  // [N, D, ⌈Hpx/4⌉, ⌈Wpx/4⌉]
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    x = stages_[i](*this, x, input);
    input.trace_hidden(i, x);  // as timm's forward_intermediates counts: what comes out of stage i
  }
  const at::Tensor map = final_(x);  // [N, last width, h, w]
  return {map, pool(map)};
}

at::Tensor Model::pool(const at::Tensor& map) const {
  const std::string kind = settings_.pools() ? arguments_.pool : "avg";
  const auto mean = [&] { return map.mean({2, 3}); };
  const auto largest = [&] { return map.amax({2, 3}); };
  at::Tensor pooled;
  if (kind.ends_with("catavgmax")) {
    pooled = at::cat({mean(), largest()}, 1);
  } else if (kind.ends_with("avgmax")) {
    pooled = 0.5 * (mean() + largest());
  } else {
    pooled = kind.ends_with("max") ? largest() : mean();
  }
  return settings_.pools() ? nn::dropout(pooled, active(arguments_.head_dropout)) : pooled;
}

nn::ImageFacts Model::facts() const {
  using Four = std::array<double, 4>;
  nn::ImageFacts facts{.base_prefix = "timm_model",
                       .width = settings_.pooled_width(),
                       .channels = arguments_.channels,
                       .has_pooler = settings_.pools(),
                       .initializer_range = settings_.deviation};
  // As timm says of the variant's weights; the fourth channel: the mean of three.
  switch (settings_.variant().pixels) {
    case Variant::Pixels::plain:
      break;
    case Variant::Pixels::imagenet:
      facts.mean = {0.485, 0.456, 0.406, 0.449}, facts.deviation = {0.229, 0.224, 0.225, 0.226};
      break;
    case Variant::Pixels::clip:
      facts.mean = {0.48145466, 0.4578275, 0.40821073, 0.4491643};
      facts.deviation = {0.26862954, 0.26130258, 0.27577711, 0.2685694};
      break;
  }
  const auto take = [](const std::optional<std::vector<double>>& given, Four& values) {
    for (std::size_t i = 0; given && i < given->size() && i < values.size(); ++i) values[i] = (*given)[i];
  };
  if (settings_.pretrained)
    take(settings_.pretrained->mean, facts.mean), take(settings_.pretrained->deviation, facts.deviation);
  return facts;
}

}  // namespace welt::fastvit
