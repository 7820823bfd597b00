// DINOv3 ConvNeXt: stages of depthwise convolutions and feed-forward parts over ever smaller maps.
//
// Follows transformers 4.57 DINOv3ConvNextModel; parameter names are those of the class.
// Letters: N images, D channels of a stage, h × w its map. Inside, maps are [N, h, w, D]: norms and linear layers read
// channels, and convolutions take the same memory as [N, D, h, w], channels last.
#pragma once

#include <welt/nn/checkpoint.h>
#include <welt/nn/image_model.h>

#include <cstdint>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::dinov3_convnext {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"DINOv3ConvNextModel"});
  std::int64_t channels = integer("num_channels", 3, "channels C of an image").range(1, 4);
  std::vector<std::int64_t> widths =
      integers("hidden_sizes", {96, 192, 384, 768}, "channels D of each stage").range(1, 1 << 20);
  std::vector<std::int64_t> depths = integers("depths", {3, 3, 9, 3}, "blocks of each stage").range(0, 10000);
  std::string activation =
      text("hidden_act", "gelu", "activation of the feed-forward parts").one_of(nn::activation_names());
  double deviation = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double norm_eps = number("layer_norm_eps", 1e-6, "added to the variance in norms").range(0, 1);
  double layer_scale = number("layer_scale_init_value", 1e-6, "what blocks are scaled by at first").range(0, 100);
  double drop_path =
      number("drop_path_rate", 0.0, "share of images that skip the last block in training; earlier ones less")
          .range(0, 1);

  double drop_path_of(std::int64_t block) const;  // counted over all stages
};

// What the blocks of one forward share.
struct Shared {
  bool traced;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, std::int64_t width, std::int64_t earlier, const at::TensorOptions& options,
        std::int64_t number);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;  // no branches

 private:
  double drop_path_;
  nn::Conv2d depthwise_;
  nn::LayerNorm norm_;
  nn::Linear up_, down_;
  nn::Activation activation_;
  nn::Tensor scale_;  // [D]
};

class Stage : public nn::Module {
 public:
  Stage(const Settings& s, const at::TensorOptions& options, std::int64_t number);
  at::Tensor shrink(const at::Tensor& x) const;  // [N, H, W, in] → [N, h, w, D]
  const nn::BlockList<Block>& blocks() const { return blocks_; }

 private:
  bool first_;
  nn::Conv2d shrink_;
  nn::LayerNorm norm_;  // behind the first stage's convolution, before the others'
  nn::BlockList<Block> blocks_;
};

class Model : public nn::ImageModel {
 public:
  using Settings = dinov3_convnext::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  Settings s_;
  nn::BlockList<Stage> stages_;
  nn::LayerNorm norm_;
};

}  // namespace welt::dinov3_convnext
