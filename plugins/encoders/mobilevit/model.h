// MobileViT: inverted residuals, and from the third stage on a transformer between convolutions, whose rows are the
// pixels that have one place in their patches.
//
// Follows transformers 4.57 MobileViTModel; parameter names are those of the class.
// Letters: N images, h × w a map, C its channels, E channels inside an inverted residual; rows of T patches with D
// values, P = p · p pixels of a patch. Maps are channels last in memory, [N, h, w, C].
#pragma once

#include <welt/nn/activation.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/conv_norm.h>
#include <welt/nn/image_model.h>
#include <welt/nn/vit.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::mobilevit {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture =
      classes({"MobileViTModel", "MobileViTForImageClassification", "MobileViTForSemanticSegmentation"});
  std::int64_t channels = integer("num_channels", 3, "channels of an image").range(1, 4);
  std::int64_t patch = integer("patch_size", 2, "side p of the patches that rows go over").range(1, 1 << 10);
  std::vector<std::int64_t> widths =
      integers("hidden_sizes", {144, 192, 240}, "width D of the three transformers").range(1, 1 << 20);
  std::vector<std::int64_t> necks = integers("neck_hidden_sizes", {16, 32, 64, 96, 128, 160, 640},
                                             "channels C behind stem, five stages, and the last convolution")
                                        .range(1, 1 << 20);
  std::int64_t heads = integer("num_attention_heads", 4, "heads H; divide all hidden_sizes").range(1, 1 << 16);
  double mlp_ratio = number("mlp_ratio", 2.0, "inner width of feed-forward parts by D").range(0, 1 << 10);
  double expand_ratio = number("expand_ratio", 4.0, "E by C, rounded to a multiple of 8").range(0, 1 << 10);
  std::string activation = text("hidden_act", "silu", "activation everywhere").one_of(nn::activation_names());
  std::int64_t kernel = integer("conv_kernel_size", 3, "odd; convolutions around the transformers").range(1, 1 << 10);
  std::int64_t output_stride =
      integer("output_stride", 32, "8, 16 or 32: pixels for one of the last map; below 32, dilated").range(8, 32);
  double hidden_dropout = number("hidden_dropout_prob", 0.1, "dropout of hidden states in training").range(0, 1);
  double attention_dropout =
      number("attention_probs_dropout_prob", 0.0, "dropout of attention weights in training").range(0, 1);
  double deviation = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double norm_eps = number("layer_norm_eps", 1e-5, "added to the variance in layer norms").range(0, 1);
  bool qkv_bias = boolean("qkv_bias", true, "queries, keys and values have biases");

  // The segmenting class leaves the last convolution out.
  bool expands() const { return architecture != "MobileViTForSemanticSegmentation"; }
};

// What the stages of one forward share.
struct Shared {
  std::function<void(std::string_view name, const at::Tensor& value)> trace;
  bool traced;
};

// A layer whose norm starts its weights as the convolution does: as the class has it.
class Conv : public nn::ConvNorm {
 public:
  Conv(const Settings& s, std::int64_t in, std::int64_t out, const Shape& shape, const at::TensorOptions& options)
      : Conv(s, in, out, shape, options, s.activation) {}
  Conv(const Settings& s, std::int64_t in, std::int64_t out, const Shape& shape, const at::TensorOptions& options,
       std::string_view activation)
      : ConvNorm(in, out, shape, activation, options, s.deviation, s.deviation) {}
};

class InvertedResidual : public nn::Module {  // MobileNetV2's block
 public:
  struct Shape {
    std::int64_t in, out, stride = 1, dilation = 1;
  };
  InvertedResidual(const Settings& s, const Shape& shape, const at::TensorOptions& options);
  // One of a chain: the first, `number` 0, widens and strides.
  InvertedResidual(const Settings& s, const Shape& shape, const at::TensorOptions& options, std::int64_t number)
      : InvertedResidual(s, number == 0 ? shape : Shape{shape.out, shape.out}, options) {}
  at::Tensor operator()(const at::Tensor& x) const;  // [N, in, H, W] → [N, out, h, w]

 private:
  bool residual_;
  std::int64_t inner_;  // E
  Conv expand_, depthwise_, reduce_;
};

class Global : public nn::Module {  // convolution, transformer, convolution, and one over both ends
 public:
  Global(const Settings& s, std::int64_t channels, std::int64_t width, std::int64_t layers,
         const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;  // [N, C, h, w] → the same

 private:
  at::Tensor transform(const at::Tensor& map) const;  // [N, D, h, w], whole patches → the same

  std::int64_t patch_;
  double hidden_dropout_, attention_dropout_;
  Conv local_;
  nn::Conv2d enter_;
  nn::BlockList<nn::ViTBlock> layers_;
  nn::LayerNorm norm_;
  Conv leave_, fusion_;
};

class Stage : public nn::Module {
 public:
  Stage(const Settings& s, const at::TensorOptions& options, std::int64_t number);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t number) const;  // no branches

 private:
  nn::BlockList<InvertedResidual> mobile_;  // one or the other
  std::optional<InvertedResidual> shrink_;
  std::optional<Global> global_;
};

class Model : public nn::ImageModel {
 public:
  using Settings = mobilevit::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  Settings s_;
  Conv stem_;
  nn::BlockList<Stage> stages_;
  std::optional<Conv> expand_;
};

}  // namespace welt::mobilevit
