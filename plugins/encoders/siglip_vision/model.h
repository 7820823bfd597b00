// The vision tower of SigLIP, as transformers 4.57's SiglipVisionModel computes it. Called by plugin.cpp; knows nothing
// of the ABI.
//
// Letters: N images, h × w patches, which are the tokens, D width, H heads, d head width, P patches of the position
// table.
#pragma once

#include <welt/nn/blocks.h>
#include <welt/nn/vit.h>

#include <optional>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::siglip_vision {

// A SiglipVisionConfig; throws Failure naming the key for what this model does not do.
struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source) : Fields(source) { irrelevant({"initializer_factor"}); }
  std::string architecture = classes({"SiglipVisionModel"});
  std::int64_t width = integer("hidden_size", 768, "width D").range(1, 1 << 20);
  std::int64_t layers = integer("num_hidden_layers", 12, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 12, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  std::int64_t inner = integer("intermediate_size", 3072, "inner width of the feed-forward part").range(1, 1 << 22);
  std::string activation =
      text("hidden_act", "gelu_pytorch_tanh", "activation of the feed-forward part").one_of(nn::activation_names());
  double attention_dropout = number("attention_dropout", 0.0, "dropout of attention weights in training").range(0, 1);
  double norm_eps = number("layer_norm_eps", 1e-6, "added to the variance in norms").range(0, 1);
  std::int64_t image = integer("image_size", 224, "pixels of a side that the positions are for").range(1, 1 << 16);
  std::int64_t patch = integer("patch_size", 16, "pixels of a patch's side").range(1, 1 << 16);
  std::int64_t channels = integer("num_channels", 3, "channels C").range(1, 4);
  bool head = boolean("vision_use_head", true, "attention pools the tokens; false: their mean");
  nn::Extent grid = nn::grid_of({image, image}, {patch, patch});  // of the position table
};

class Embeddings : public nn::Module {
 public:
  Embeddings(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const nn::PatchRows& rows) const;  // [N, T, D] or [tokens, D]

 private:
  nn::GridPositions positions_for_;
  nn::Embedding positions_;  // [P, D]
  nn::Conv2d projection_;
};

// A learned query looks at all tokens of an image; a feed-forward part follows.
class PoolingHead : public nn::Module {
 public:
  PoolingHead(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const nn::RowPlan& plan) const;  // [tokens, D] → [N, D]

 private:
  std::int64_t heads_;
  nn::Tensor probe_, in_weight_, in_bias_;  // [1, 1, D], [3·D, D], [3·D]: of query, key and value
  nn::Linear out_;
  nn::LayerNorm norm_;
  nn::FeedForward feed_forward_;
};

class Model : public nn::ImageModel {
 public:
  using Settings = siglip_vision::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  Settings s_;
  Embeddings embeddings_;
  nn::BlockList<nn::ViTBlock> blocks_;
  nn::LayerNorm norm_;
  std::optional<PoolingHead> head_;
};

}  // namespace welt::siglip_vision
