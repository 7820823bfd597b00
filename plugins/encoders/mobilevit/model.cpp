// The mathematics of MobileViT. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace welt::mobilevit {
namespace {

constexpr std::int64_t first_global = 2;                               // stages before it have convolutions alone
constexpr std::array<std::int64_t, 2> mobile_blocks = {1, 3};          // of those
constexpr std::array<std::int64_t, 3> transformer_layers = {2, 4, 3};  // of the others

void require_entries(const std::vector<std::int64_t>& list, std::size_t expected, const std::string& key) {
  if (list.size() == expected) return;
  throw sdk::invalid(key + " has " + std::to_string(list.size()) + " entries; expected " + std::to_string(expected),
                     key);
}

// E: a multiple of 8, and not below nine tenths of what was asked for.
std::int64_t expanded(std::int64_t channels, double ratio) {
  const auto asked = static_cast<std::int64_t>(std::nearbyint(static_cast<double>(channels) * ratio));
  const std::int64_t rounded = std::max<std::int64_t>(8, (asked + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * static_cast<double>(asked) ? rounded + 8 : rounded;
}

std::int64_t inner_width(const Settings& s, std::int64_t width) {
  return static_cast<std::int64_t>(static_cast<double>(width) * s.mlp_ratio);
}

at::Tensor resized(const at::Tensor& map, std::int64_t height, std::int64_t width) {
  return at::upsample_bilinear2d(map, std::array<std::int64_t, 2>{height, width}, /*align_corners=*/false);
}

// How far apart a stage's pixels are that would be neighbours, had it and those before it halved the map.
std::int64_t dilation_of(const Settings& s, std::int64_t number) {
  if (number == 3) return s.output_stride == 8 ? 2 : 1;
  return number == 4 ? 32 / s.output_stride : 1;
}

InvertedResidual::Shape shape_of(const Settings& s, std::int64_t number) {
  const std::int64_t dilation = dilation_of(s, number);
  return {.in = s.necks[static_cast<std::size_t>(number)],
          .out = s.necks[static_cast<std::size_t>(number) + 1],
          .stride = number > 0 && dilation == 1 ? 2 : 1,
          .dilation = std::max<std::int64_t>(1, dilation / 2)};
}

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  irrelevant({"image_size", "classifier_dropout_prob", "aspp_out_channels", "atrous_rates", "aspp_dropout_prob",
              "semantic_loss_ignore_index"});
  require_entries(widths, 3, "hidden_sizes");
  require_entries(necks, 7, "neck_hidden_sizes");
  for (const std::int64_t width : widths) {
    quotient({"hidden_sizes", width}, {"num_attention_heads", heads});
    if (inner_width(*this, width) < 1)
      throw sdk::invalid("mlp_ratio leaves no inner width for a hidden size of " + std::to_string(width), "mlp_ratio");
  }
  if (kernel % 2 == 0) {
    throw sdk::invalid(
        "conv_kernel_size is " + std::to_string(kernel) + "; expected an odd number: maps keep their size",
        "conv_kernel_size");
  }
  if (output_stride != 8 && output_stride != 16 && output_stride != 32)
    throw sdk::invalid("output_stride is " + std::to_string(output_stride) + "; expected 8, 16 or 32", "output_stride");
}

InvertedResidual::InvertedResidual(const Settings& s, const Shape& shape, const at::TensorOptions& options)
    : residual_(shape.stride == 1 && shape.in == shape.out),
      inner_(expanded(shape.in, s.expand_ratio)),
      expand_(s, shape.in, inner_, {}, options),
      depthwise_(s, inner_, inner_, {.kernel = 3, .stride = shape.stride, .groups = inner_, .dilation = shape.dilation},
                 options),
      reduce_(s, inner_, shape.out, {}, options, "linear") {
  children({{"expand_1x1", expand_}, {"conv_3x3", depthwise_}, {"reduce_1x1", reduce_}});
}

at::Tensor InvertedResidual::operator()(const at::Tensor& x) const {
  const at::Tensor y = reduce_(depthwise_(expand_(x)));  // in → E → out
  return residual_ ? x + y : y;
}

Global::Global(const Settings& s, std::int64_t channels, std::int64_t width, std::int64_t layers,
               const at::TensorOptions& options)
    : patch_(s.patch),
      hidden_dropout_(s.hidden_dropout),
      attention_dropout_(s.attention_dropout),
      local_(s, channels, channels, {.kernel = s.kernel}, options),
      enter_(channels, width, {.kernel = {1, 1}, .bias = false}, options, s.deviation),
      layers_(layers, nn::ViTBlock::Shape{width, s.heads, inner_width(s, width), s.activation, s.norm_eps, s.qkv_bias},
              nn::ViTBlock::vit_names, nn::ViTBlock::Inits{s.deviation, s.deviation, s.deviation, s.deviation},
              options),
      norm_(width, s.norm_eps, options),
      leave_(s, width, channels, {}, options),
      fusion_(s, 2 * channels, channels, {.kernel = s.kernel}, options) {
  children({{"conv_kxk", local_}, {"conv_1x1.convolution", enter_}, {"transformer.layer", layers_}});
  children({{"layernorm", norm_}, {"conv_projection", leave_}, {"fusion", fusion_}});
}

at::Tensor Global::operator()(const at::Tensor& x) const {
  at::Tensor map = enter_(local_(x));  // [N, D, h, w]
  const std::int64_t height = map.size(2), width = map.size(3);
  const auto whole = [&](std::int64_t side) { return (side + patch_ - 1) / patch_ * patch_; };
  const bool fits = whole(height) == height && whole(width) == width;
  map = fits ? transform(map) : resized(transform(resized(map, whole(height), whole(width))), height, width);
  return fusion_(at::cat({x, leave_(map)}, 1));  // [N, 2 C, h, w] → [N, C, h, w]
}

// Attention goes over the patches of an image, for each place in a patch apart: rows [N·P, T, D].
at::Tensor Global::transform(const at::Tensor& map) const {
  const std::int64_t n = map.size(0), width = map.size(1), height = map.size(2), columns = map.size(3);
  const std::int64_t p = patch_, down = height / p, across = columns / p;
  const at::Tensor rows = map.permute({0, 2, 3, 1})
                              .reshape({n, down, p, across, p, width})
                              .permute({0, 2, 4, 1, 3, 5})
                              .reshape({n * p * p, down * across, width});
  const nn::RowPlan plan({.embeds = rows, .causal = false});
  const nn::ViTShared shared{plan, active(hidden_dropout_), active(attention_dropout_)};
  nn::Stream stream{plan.enter(rows), {}};
  for (std::size_t i = 0; i < layers_.size(); ++i) stream = layers_[i](stream, shared, i);
  return plan.leave(nn::residual_norm(stream.branch, stream.x, norm_.spec()).normed)
      .view({n, p, p, down, across, width})
      .permute({0, 3, 1, 4, 2, 5})
      .reshape({n, height, columns, width})
      .permute({0, 3, 1, 2});  // [N, D, h, w]
}

Stage::Stage(const Settings& s, const at::TensorOptions& options, std::int64_t number)
    : mobile_(number < first_global ? mobile_blocks[static_cast<std::size_t>(number)] : 0, s, shape_of(s, number),
              options) {
  child("layer", mobile_);
  if (number < first_global) return;
  const auto which = static_cast<std::size_t>(number - first_global);
  const InvertedResidual::Shape shape = shape_of(s, number);
  child("downsampling_layer", shrink_.emplace(s, shape, options));
  child("", global_.emplace(s, shape.out, s.widths[which], transformer_layers[which], options));
}

nn::Stream Stage::operator()(const nn::Stream& in, const Shared& shared, std::size_t number) const {
  at::Tensor x = in.x;
  for (std::size_t i = 0; i < mobile_.size(); ++i) x = mobile_[i](x);
  if (global_) x = (*global_)((*shrink_)(x));
  if (shared.trace) shared.trace("hidden_states." + std::to_string(number), x);  // the class has none for the stem
  return {x, {}};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : s_(config),
      stem_(s_, s_.channels, s_.necks[0], {.kernel = 3, .stride = 2}, options),
      stages_(static_cast<std::int64_t>(mobile_blocks.size() + transformer_layers.size()), s_, options) {
  const std::string prefix = s_.architecture == "MobileViTModel" ? "" : "mobilevit.";
  child(prefix + "conv_stem", stem_);
  child(prefix + "encoder.layer", stages_);
  if (s_.expands())
    child(prefix + "conv_1x1_exp", expand_.emplace(s_, s_.necks[5], s_.necks[6], nn::ConvNorm::Shape{}, options));
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  const at::Tensor pixels = input.pixels.contiguous(at::MemoryFormat::ChannelsLast);  // [N, channels, Hpx, Wpx]
  const Shared shared{input.trace, static_cast<bool>(input.trace)};
  at::Tensor x = nn::run_blocks(*this, stages_, shared, {stem_(pixels), {}}).x;  // [N, C, h, w]
  if (expand_) x = (*expand_)(x);
  return {.hidden = x, .pooled = x.mean({2, 3})};
}

nn::ImageFacts Model::facts() const {
  return {.base_prefix = "mobilevit",
          .width = s_.necks[s_.expands() ? 6 : 5],
          .channels = s_.channels,
          .has_pooler = s_.expands(),
          .initializer_range = s_.deviation};  // pixels from 0 to 1, as MobileViTImageProcessor leaves them
}

}  // namespace welt::mobilevit
