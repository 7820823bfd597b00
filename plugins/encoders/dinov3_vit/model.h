// The mathematics of DINOv3's ViT, as transformers 4.57's DINOv3ViTModel computes it. Called by plugin.cpp; knows
// nothing of the ABI.
//
// Letters: N images, h × w patches, R registers, T = 1 + R + h·w tokens (class token, registers, patches), D width,
// H heads, d head width.
#pragma once

#include <welt/nn/vit.h>

#include <optional>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::dinov3_vit {

// A DINOv3ViTConfig; throws Failure naming the key for what this model does not do.
struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"DINOv3ViTModel"});
  std::int64_t patch = integer("patch_size", 16, "pixels of a patch's side").range(1, 1 << 16);
  std::int64_t width = integer("hidden_size", 384, "width D").range(1, 1 << 20);
  std::int64_t inner = integer("intermediate_size", 1536, "inner width of the feed-forward part").range(1, 1 << 22);
  std::int64_t layers = integer("num_hidden_layers", 12, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 6, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  std::string activation =
      text("hidden_act", "gelu", "activation of the feed-forward part").one_of(nn::activation_names());
  double attention_dropout = number("attention_dropout", 0.0, "dropout of attention weights in training").range(0, 1);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double norm_eps = number("layer_norm_eps", 1e-5, "added to the variance in norms").range(0, 1);
  double theta = number("rope_theta", 100.0, "base of the rotary frequencies").range(1e-6, 1e12);
  std::int64_t channels = integer("num_channels", 3, "channels C").range(1, 4);
  bool query_bias = boolean("query_bias", true, "queries have biases");
  bool key_bias = boolean("key_bias", false, "keys have biases");
  bool value_bias = boolean("value_bias", true, "values have biases");
  bool out_bias = boolean("proj_bias", true, "the product behind attention has a bias");
  bool mlp_bias = boolean("mlp_bias", true, "the feed-forward part has biases");
  double layer_scale = number("layerscale_value", 1.0, "by which new blocks multiply their parts").range(-1e6, 1e6);
  double drop_path = number("drop_path_rate", 0.0, "share of rows that a part leaves out in training").range(0, 0.999);
  bool gated = boolean("use_gated_mlp", false, "the feed-forward part has a gate");
  std::int64_t registers = integer("num_register_tokens", 0, "registers R").range(0, 1 << 16);
  std::optional<double> shift =
      number("pos_embed_shift", sdk::null, "largest shift of coordinates in training; null: none").range(0, 1e6);
  std::optional<double> jitter =
      number("pos_embed_jitter", sdk::null, "largest stretch of height or width in training; null: none").range(1, 1e6);
  std::optional<double> rescale =
      number("pos_embed_rescale", 2.0, "largest stretch of both in training; null: none").range(1, 1e6).nullable();
};

class Embeddings : public nn::Module {
 public:
  Embeddings(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const nn::PatchRows& rows) const;  // [N, T, D] or [tokens, D]

 private:
  nn::Tensor class_token_, mask_token_, registers_;  // [1, 1, D], [1, 1, D], [1, R, D]
  nn::Conv2d projection_;
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  nn::RotaryTable rotary;
  double attention_dropout, drop_path;  // in force: 0 in evaluation
  std::optional<std::size_t> first_only;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  nn::LayerNorm norm1_, norm2_;
  nn::SelfAttention attention_;
  std::optional<nn::FeedForward> plain_;  // one of the two
  std::optional<nn::GatedMLP> gated_;
  nn::Tensor scale1_, scale2_;  // [D]
};

class Model : public nn::ImageModel {
 public:
  using Settings = dinov3_vit::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  nn::RotaryTable rotary(const nn::PatchRows& rows, const nn::RowPlan& plan, const at::Tensor& embedded) const;

  Settings settings_;
  Embeddings embeddings_;
  nn::BlockList<Block> blocks_;
  nn::LayerNorm norm_;
  nn::GridTables turns_;  // cos and sin
};

}  // namespace welt::dinov3_vit
