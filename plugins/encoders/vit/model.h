// The mathematics of ViT, as transformers 4.57's ViTModel computes it. Called by plugin.cpp; knows nothing of the ABI.
//
// Letters: N images, h × w patches, T = 1 + h·w tokens (first the class token), D width, P patches of the position
// table.
#pragma once

#include <welt/nn/blocks.h>
#include <welt/nn/vit.h>

#include <optional>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::vit {

// A ViT config.json; throws Failure naming the key for what this model does not do.
struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"ViTModel", "ViTForImageClassification"});
  std::int64_t width = integer("hidden_size", 768, "width D").range(1, 1 << 20);
  std::int64_t layers = integer("num_hidden_layers", 12, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 12, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  std::int64_t inner = integer("intermediate_size", 3072, "inner width of the feed-forward part").range(1, 1 << 22);
  std::string activation =
      text("hidden_act", "gelu", "activation of the feed-forward part").one_of(nn::activation_names());
  double hidden_dropout = number("hidden_dropout_prob", 0.0, "dropout of hidden states in training").range(0, 1);
  double attention_dropout =
      number("attention_probs_dropout_prob", 0.0, "dropout of attention weights in training").range(0, 1);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double norm_eps = number("layer_norm_eps", 1e-12, "added to the variance in norms").range(0, 1);
  nn::Extent image =
      sides<nn::Extent>("image_size", 224, "pixels that the positions are for: a number, or [height, width]");
  nn::Extent patch = sides<nn::Extent>("patch_size", 16, "pixels of a patch: a number, or [height, width]");
  std::int64_t channels = integer("num_channels", 3, "channels C").range(1, 4);
  bool qkv_bias = boolean("qkv_bias", true, "queries, keys and values have biases");
  std::int64_t pooled_width =
      integer("pooler_output_size", sdk::null, "width of the pooled vector; null or 0: hidden_size")
          .range(0, 1 << 20)
          .value_or(0);
  std::string pooler_activation = text("pooler_act", "tanh", "activation of the pooler").one_of(nn::activation_names());

  bool classifier() const { return architecture == "ViTForImageClassification"; }
  nn::Extent grid() const { return nn::grid_of(image, patch); }  // of the position table
};

class Embeddings : public nn::Module {
 public:
  Embeddings(const Settings& settings, const at::TensorOptions& options);
  at::Tensor operator()(const nn::PatchRows& rows) const;  // [N, T, D] or [tokens, D]

 private:
  nn::GridPositions positions_for_;
  nn::Tensor class_token_, positions_;  // [1, 1, D], [1, 1 + P, D]
  nn::Conv2d projection_;
};

class Model : public nn::ImageModel {
 public:
  using Settings = vit::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  at::Tensor pool(const at::Tensor& first) const;  // class tokens [N, D] → [N, pooled width]

  Settings settings_;
  Embeddings embeddings_;
  nn::BlockList<nn::ViTBlock> blocks_;
  nn::LayerNorm norm_;
  std::optional<nn::Linear> pooler_;
  nn::Activation pooler_activation_;
};

}  // namespace welt::vit
