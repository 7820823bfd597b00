// ResNet: stages of residual convolution blocks over ever smaller maps.
//
// Follows transformers 4.57 ResNetModel; parameter names are those of the class.
// Letters: N images, D channels of a map, h × w its size. Maps are channels last in memory, [N, h, w, D].
#pragma once

#include <welt/nn/checkpoint.h>
#include <welt/nn/conv_norm.h>
#include <welt/nn/image_model.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::resnet {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"ResNetModel", "ResNetForImageClassification"});
  std::int64_t channels = integer("num_channels", 3, "channels C of an image").range(1, 4);
  std::int64_t stem = integer("embedding_size", 64, "channels of the first map").range(1, 1 << 20);
  std::vector<std::int64_t> widths =
      integers("hidden_sizes", {256, 512, 1024, 2048}, "channels D of each stage").range(1, 1 << 20);
  std::vector<std::int64_t> depths = integers("depths", {3, 4, 6, 3}, "blocks of each stage").range(1, 10000);
  std::string kind = text("layer_type", "bottleneck", "two convolutions in a block, or three around a narrow middle")
                         .one_of({"basic", "bottleneck"});
  std::string activation =
      text("hidden_act", "relu", "activation of the stem and behind each block").one_of(nn::activation_names());
  bool first_halves = boolean("downsample_in_first_stage", false, "the first stage halves the map too");
  bool narrowing_halves =
      boolean("downsample_in_bottleneck", false, "a bottleneck's first convolution halves the map, not its second");

  bool bottleneck() const { return kind == "bottleneck"; }
};

// What the blocks of one forward share.
struct Shared {
  bool traced;
};

class Block : public nn::Module {
 public:
  // The first block of a stage, `number` 0, widens and strides.
  Block(const Settings& s, std::int64_t in, std::int64_t out, std::int64_t stride, const at::TensorOptions& options,
        std::int64_t number);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;  // no branches

 private:
  nn::ConvNorm first_, second_;
  std::optional<nn::ConvNorm> third_, shortcut_;
  nn::Activation activation_;
};

class Stage : public nn::Module {
 public:
  Stage(const Settings& s, const at::TensorOptions& options, std::int64_t number);
  const nn::BlockList<Block>& blocks() const { return blocks_; }

 private:
  nn::BlockList<Block> blocks_;
};

class Model : public nn::ImageModel {
 public:
  using Settings = resnet::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  Settings s_;
  nn::ConvNorm stem_;
  nn::BlockList<Stage> stages_;
};

}  // namespace welt::resnet
