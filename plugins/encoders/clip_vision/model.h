// The vision tower of CLIP, as transformers 4.57's CLIPVisionModel computes it. Called by plugin.cpp; knows nothing of
// the ABI.
//
// Letters: N images, h × w patches, T = 1 + h·w tokens (first the class token), D width, P patches of the position
// table.
#pragma once

#include <welt/nn/blocks.h>
#include <welt/nn/vit.h>

#include <optional>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::clip_vision {

// A CLIPVisionConfig; throws Failure naming the key for what this model does not do.
struct Settings : sdk::Fields {
  using Fields::Fields;
  std::string architecture = classes({"CLIPVisionModel", "CLIPVisionModelWithProjection"});
  std::int64_t width = integer("hidden_size", 768, "width D").range(1, 1 << 20);
  std::int64_t layers = integer("num_hidden_layers", 12, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 12, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  std::int64_t inner = integer("intermediate_size", 3072, "inner width of the feed-forward part").range(1, 1 << 22);
  std::string activation =
      text("hidden_act", "quick_gelu", "activation of the feed-forward part").one_of(nn::activation_names());
  double attention_dropout = number("attention_dropout", 0.0, "dropout of attention weights in training").range(0, 1);
  double norm_eps = number("layer_norm_eps", 1e-5, "added to the variance in norms").range(0, 1);
  double initializer_range =
      number("initializer_range", 0.02, "standard deviation of new patches and positions").range(0, 100);
  double initializer_factor =
      number("initializer_factor", 1.0, "by which all new weights are multiplied").range(0, 100);
  std::int64_t image = integer("image_size", 224, "pixels of a side that the positions are for").range(1, 1 << 16);
  std::int64_t patch = integer("patch_size", 32, "pixels of a patch's side").range(1, 1 << 16);
  std::int64_t channels = integer("num_channels", 3, "channels C").range(1, 4);
  std::int64_t projected = integer("projection_dim", 512, "width of CLIPVisionModelWithProjection").range(1, 1 << 20);
  nn::Extent grid = nn::grid_of({image, image}, {patch, patch});  // of the position table

  bool projects() const { return architecture == "CLIPVisionModelWithProjection"; }
};

class Embeddings : public nn::Module {
 public:
  Embeddings(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const nn::PatchRows& rows) const;  // [N, T, D] or [tokens, D]

 private:
  nn::GridPositions positions_for_;
  nn::Tensor class_token_;   // [D]
  nn::Embedding positions_;  // [1 + P, D]
  nn::Conv2d projection_;
};

class Model : public nn::ImageModel {
 public:
  using Settings = clip_vision::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  at::Tensor pool(const nn::Residual& first) const;  // of class tokens [N, D] → [N, D or the projection's width]

  Settings s_;
  Embeddings embeddings_;
  nn::LayerNorm norm_before_, norm_after_;
  nn::BlockList<nn::ViTBlock> blocks_;
  std::optional<nn::Linear> projection_;
};

}  // namespace welt::clip_vision
