// The mathematics of ViT, as transformers 4.57's ViTModel computes it. Called by plugin.cpp; knows nothing of the ABI.
//
// Letters: N images, h × w patches, T = 1 + h·w tokens (first the class token), D width, H heads, d head width, I inner
// width, P patches of the position table.
#pragma once

#include <welt/nn/activation.h>
#include <welt/nn/attention.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/image_model.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <welt/sdk/config.hpp>

namespace welt::vit {

// A ViT config.json; throws Failure naming the key for what this model does not do.
struct Settings {
  std::int64_t width, inner, layers, heads, channels, pooled_width;
  nn::Extent image, patch;
  std::string activation, pooler_activation, architecture;
  double norm_eps, initializer_range, hidden_dropout, attention_dropout;
  bool qkv_bias;

  static Settings from(const sdk::Config& config);
  bool classifier() const { return architecture == "ViTForImageClassification"; }
  nn::Extent grid() const { return {image.height / patch.height, image.width / patch.width}; }  // of the position table
};

// Dropout of this forward: 0 in evaluation.
struct Dropouts {
  double hidden, attention;
};

class Embeddings : public nn::Module {
 public:
  Embeddings(const Settings& settings, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& pixels, const Dropouts& dropouts) const;  // [N, C, Hpx, Wpx] → [N, T, D]

 private:
  at::Tensor table_for(const nn::Extent& image) const;         // [1, T, D]
  at::Tensor interpolated(const nn::Extent& grid) const;       // [1, T, D], with graph
  at::Tensor kept_interpolated(const nn::Extent& grid) const;  // the same, and kept when no gradient is recorded

  Settings settings_;
  at::Tensor class_token_, positions_;  // [1, 1, D], [1, 1 + P, D]
  nn::Conv2d projection_;
  // Interpolated tables by grid, of the position table as it was at `kept_version_`.
  mutable std::map<std::pair<std::int64_t, std::int64_t>, at::Tensor> kept_;
  mutable at::Tensor kept_of_;
  mutable std::int64_t kept_version_ = 0;
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  Dropouts dropouts;
  // Block whose tokens but the class tokens nobody looks at, once its attention is done: it goes on with those alone.
  std::optional<std::size_t> class_only;
};

class Block : public nn::Module {
 public:
  Block(const Settings& settings, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  at::Tensor attend(const at::Tensor& x, const Shared& shared) const;  // [tokens, D], same
  at::Tensor feed(const at::Tensor& x, const Shared& shared) const;    // [tokens, D], same

  nn::LayerNorm norm_before_, norm_after_;
  std::int64_t heads_, head_width_;
  nn::Linear query_, key_, value_, attention_out_;
  nn::Activation activation_;
  nn::Linear inner_, out_;
};

class Model : public nn::ImageModel {
 public:
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  at::Tensor pool(const at::Tensor& first) const;  // class tokens [N, D] → [N, pooled width]

  Settings settings_;
  Embeddings embeddings_;
  std::vector<std::unique_ptr<Block>> blocks_;
  nn::LayerNorm norm_;
  std::optional<nn::Linear> pooler_;
  nn::Activation pooler_activation_;
};

}  // namespace welt::vit
