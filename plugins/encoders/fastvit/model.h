// The mathematics of FastViT, as timm's FastVit computes it under transformers 4.57's TimmWrapperModel. Called by
// plugin.cpp; knows nothing of the ABI. Layers are in layers.h, the configuration in settings.h.
//
// Letters: N images, h × w positions of a stage's map, D its width.
#pragma once

#include <welt/nn/checkpoint.h>
#include <welt/nn/image_model.h>

#include <functional>
#include <optional>
#include <string>

#include "layers.h"

namespace welt::fastvit {

// What the blocks of one stage share in one forward.
struct Shared {
  std::int64_t first_block;
  std::function<void(std::string_view name, const at::Tensor& value)> trace;
  bool traced;
};

// Mixes positions by a RepMixer, which adds itself, or by attention, and channels by a ConvMlp.
class Block : public nn::Module {
 public:
  Block(const Settings& settings, const StageShape& shape, const at::TensorOptions& options, std::int64_t number);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t number) const;  // x [N, D, h, w]

 private:
  at::Tensor norm(const at::Tensor& x) const;  // [N, D, h, w], same; before attention

  double drop_path_ = 0;
  std::optional<RepMixer> mixer_;
  std::optional<nn::BatchNorm2d> batch_norm_;
  std::optional<nn::LayerNorm> layer_norm_;
  std::optional<Attention> attention_;
  std::optional<LayerScale> attention_scale_;
  ConvMlp mlp_;
  LayerScale mlp_scale_;
};

class Stage : public nn::Module {
 public:
  Stage(const Settings& settings, const at::TensorOptions& options, std::int64_t number);
  at::Tensor operator()(const nn::Body& model, at::Tensor x, const nn::ImageInput& input) const;

 private:
  StageShape shape_;
  std::optional<Downsample> downsample_;
  std::optional<Positions> positions_;
  nn::BlockList<Block> blocks_;
};

class Model : public nn::ImageModel {
 public:
  using Settings = fastvit::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  at::Tensor pool(const at::Tensor& map) const;  // [N, D, h, w] → [N, pooled width]

  Settings settings_;
  Arguments arguments_;
  MobileOne stem_1_, stem_2_, stem_3_;
  nn::BlockList<Stage> stages_;
  MobileOne final_;
};

}  // namespace welt::fastvit
