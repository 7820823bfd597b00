// The mathematics of ResNet. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/max_pool2d.h>

#include <cmath>

namespace welt::resnet {
namespace {

// As the class starts its convolutions.
nn::Init start() {
  using Scale = nn::Init::Scale;
  return nn::Init::kaiming({.fan = Scale::Fan::out, .spread = Scale::Spread::normal, .gain = std::sqrt(2.0)});
}

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  irrelevant({"out_features", "out_indices", "stage_names"});
  if (widths.empty() || widths.size() != depths.size()) {
    throw sdk::invalid("hidden_sizes has " + std::to_string(widths.size()) + " entries and depths " +
                           std::to_string(depths.size()) +
                           "; expected one of each for every stage, and a stage at least",
                       "hidden_sizes");
  }
  for (const std::int64_t width : widths) {
    if (bottleneck() && width < 4) {
      throw sdk::invalid("hidden_sizes holds " + std::to_string(width) +
                             "; the middle of a bottleneck has a quarter of it, so that 4 is the least",
                         "hidden_sizes");
    }
  }
}

// The class gives `hidden_act` to the end of a block alone: inside there is always a relu.
Block::Block(const Settings& s, std::int64_t in, std::int64_t out, std::int64_t stride,
             const at::TensorOptions& options, std::int64_t number)
    : first_(number == 0 ? in : out, s.bottleneck() ? out / 4 : out,
             {.kernel = s.bottleneck() ? 1 : 3,
              .stride = number == 0 && (!s.bottleneck() || s.narrowing_halves) ? stride : 1},
             "relu", options, start()),
      second_(s.bottleneck() ? out / 4 : out, s.bottleneck() ? out / 4 : out,
              {.kernel = 3, .stride = number == 0 && s.bottleneck() && !s.narrowing_halves ? stride : 1},
              s.bottleneck() ? "relu" : "linear", options, start()),
      activation_(s.activation) {
  children({{"layer.0", first_}, {"layer.1", second_}});
  if (s.bottleneck()) child("layer.2", third_.emplace(out / 4, out, nn::ConvNorm::Shape{}, "linear", options, start()));
  if (number > 0 || (in == out && stride == 1)) return;
  child("shortcut", shortcut_.emplace(in, out, nn::ConvNorm::Shape{.stride = stride}, "linear", options, start()));
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared&, std::size_t) const {
  at::Tensor y = second_(first_(in.x));               // [N, D, h, w]
  if (third_) y = (*third_)(y);                       // D/4 → D
  y = y.add_(shortcut_ ? (*shortcut_)(in.x) : in.x);  // the norm behind y keeps its input, not y
  return {activation_(y), {}};
}

Stage::Stage(const Settings& s, const at::TensorOptions& options, std::int64_t number)
    : blocks_(s.depths[static_cast<std::size_t>(number)], s,
              number == 0 ? s.stem : s.widths[static_cast<std::size_t>(number) - 1],
              s.widths[static_cast<std::size_t>(number)], number > 0 || s.first_halves ? 2L : 1L, options) {
  child("layers", blocks_);
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : s_(config),
      stem_(s_.channels, s_.stem, {.kernel = 7, .stride = 2}, s_.activation, options, start()),
      stages_(static_cast<std::int64_t>(s_.depths.size()), s_, options) {
  const std::string prefix = s_.architecture == "ResNetModel" ? "" : "resnet.";
  child(prefix + "embedder.embedder", stem_);
  child(prefix + "encoder.stages", stages_);
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  const at::Tensor pixels = input.pixels.contiguous(at::MemoryFormat::ChannelsLast);  // [N, C, Hpx, Wpx]
  at::Tensor x = at::max_pool2d(stem_(pixels), {3, 3}, {2, 2}, {1, 1});               // [N, stem, h, w]
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    input.trace_hidden(i, x);
    x = nn::run_blocks(*this, stages_[i].blocks(), Shared{static_cast<bool>(input.trace)}, {x, {}}).x;  // [N, D, h, w]
  }
  input.trace_hidden(stages_.size(), x);
  return {.hidden = x, .pooled = x.mean({2, 3})};
}

nn::ImageFacts Model::facts() const {
  return {.base_prefix = "resnet",
          .width = s_.widths.back(),
          .channels = s_.channels,
          .has_pooler = true,
          .mean = {0.485, 0.456, 0.406, 0.5},  // ImageNet's, as in the checkpoints' preprocessor_config.json
          .deviation = {0.229, 0.224, 0.225, 0.25}};
}

}  // namespace welt::resnet
