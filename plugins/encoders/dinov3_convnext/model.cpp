// The mathematics of DINOv3 ConvNeXt. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include <numeric>

namespace welt::dinov3_convnext {
namespace {

at::Tensor channels_first(const at::Tensor& x) { return x.permute({0, 3, 1, 2}); }  // the same memory
at::Tensor channels_last(const at::Tensor& x) { return x.permute({0, 2, 3, 1}); }

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  irrelevant({"image_size"});
  if (widths.empty() || widths.size() != depths.size()) {
    throw sdk::invalid("hidden_sizes has " + std::to_string(widths.size()) + " entries and depths " +
                           std::to_string(depths.size()) +
                           "; expected one of each for every stage, and a stage at least",
                       "hidden_sizes");
  }
  // Images must have pixels for 4 · 2^(stages − 1), the size of a patch of the last map.
  if (widths.size() > 10) {
    throw sdk::invalid("hidden_sizes has " + std::to_string(widths.size()) + " entries; expected at most 10",
                       "hidden_sizes");
  }
}

double Settings::drop_path_of(std::int64_t block) const {
  const std::int64_t all = std::accumulate(depths.begin(), depths.end(), std::int64_t{0});
  return all < 2 ? 0 : drop_path * static_cast<double>(block) / static_cast<double>(all - 1);
}

Block::Block(const Settings& s, std::int64_t width, std::int64_t earlier, const at::TensorOptions& options,
             std::int64_t number)
    : drop_path_(s.drop_path_of(earlier + number)),
      depthwise_(width, width, {.kernel = {7, 7}, .padding = {3, 3}, .groups = width}, options, s.deviation),
      norm_(width, s.norm_eps, options),
      up_(width, 4 * width, true, options, s.deviation),
      down_(4 * width, width, true, options, s.deviation),
      activation_(s.activation) {
  parameter("gamma", scale_, {width}, options, nn::Init::constant(s.layer_scale), {.decay = false});
  children({{"depthwise_conv", depthwise_}, {"layer_norm", norm_}});
  children({{"pointwise_conv1", up_}, {"pointwise_conv2", down_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared&, std::size_t) const {
  const at::Tensor mixed = norm_(channels_last(depthwise_(channels_first(in.x))));  // [N, h, w, D]
  const at::Tensor fed = down_(activation_(up_(mixed))) * scale_;                   // D → 4 D → D
  return {in.x + nn::drop_path(fed, active(drop_path_)), {}};
}

Stage::Stage(const Settings& s, const at::TensorOptions& options, std::int64_t number)
    : first_(number == 0),
      shrink_(first_ ? s.channels : s.widths[static_cast<std::size_t>(number) - 1],
              s.widths[static_cast<std::size_t>(number)],
              {.kernel = first_ ? nn::Extent{4, 4} : nn::Extent{2, 2},
               .stride = first_ ? nn::Extent{4, 4} : nn::Extent{2, 2}},
              options, s.deviation),
      norm_(s.widths[static_cast<std::size_t>(first_ ? 0 : number - 1)], s.norm_eps, options),
      blocks_(s.depths[static_cast<std::size_t>(number)], s, s.widths[static_cast<std::size_t>(number)],
              std::accumulate(s.depths.begin(), s.depths.begin() + number, std::int64_t{0}), options) {
  child(first_ ? "downsample_layers.0" : "downsample_layers.1", shrink_);
  child(first_ ? "downsample_layers.1" : "downsample_layers.0", norm_);
  child("layers", blocks_);
}

at::Tensor Stage::shrink(const at::Tensor& x) const {
  const auto convolve = [&](const at::Tensor& map) { return channels_last(shrink_(channels_first(map))); };
  return first_ ? norm_(convolve(x)) : convolve(norm_(x));
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : s_(config),
      stages_(static_cast<std::int64_t>(s_.depths.size()), s_, options),
      norm_(s_.widths.back(), s_.norm_eps, options) {
  children({{"stages", stages_}, {"layer_norm", norm_}});
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  at::Tensor x = channels_last(input.pixels);  // [N, Hpx, Wpx, C]
  const Shared shared{static_cast<bool>(input.trace)};
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    input.trace_hidden(i, channels_first(x));
    x = nn::run_blocks(*this, stages_[i].blocks(), shared, {stages_[i].shrink(x), {}}).x;  // [N, h, w, D]
  }
  input.trace_hidden(stages_.size(), channels_first(x));
  const at::Tensor tokens = x.flatten(1, 2), mean = tokens.mean(1, /*keepdim=*/true);  // [N, h·w, D], [N, 1, D]
  if (!input.want_hidden) return {{}, norm_(mean).squeeze(1)};
  const at::Tensor hidden = norm_(at::cat({mean, tokens}, 1));  // [N, 1 + h·w, D]
  return {.hidden = hidden, .pooled = hidden.select(1, 0)};
}

nn::ImageFacts Model::facts() const {
  const std::int64_t patch = 4L << (s_.widths.size() - 1);
  return {.base_prefix = "dinov3_convnext",
          .width = s_.widths.back(),
          .channels = s_.channels,
          .minimum = {patch, patch},  // smaller images leave nothing for the last stage, in transformers either
          .has_pooler = true,
          .initializer_range = s_.deviation,
          .mean = {0.485, 0.456, 0.406, 0.5},  // DINOv3ViTImageProcessorFast: ImageNet's
          .deviation = {0.229, 0.224, 0.225, 0.25}};
}

}  // namespace welt::dinov3_convnext
