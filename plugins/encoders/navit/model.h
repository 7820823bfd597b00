// The mathematics of NaViT, as vit-pytorch's na_vit.NaViT computes it, under the configuration that WeLT's NaViTModel
// gives it. Called by plugin.cpp; knows nothing of the ABI.
//
// Letters: N images, h × w patches, which are the tokens, D width ("dim"), H heads, d = 64 head width, E width of the
// pooled vector ("hidden_size").
#pragma once

#include <welt/nn/blocks.h>
#include <welt/nn/vit.h>

#include <optional>
#include <welt/sdk/fields.hpp>

namespace welt::navit {

// A config.json of WeLT's NaViTConfig; throws Failure naming the key for what this model does not do.
struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"NaViTModel"});
  std::int64_t image = integer("image_size", 256, "pixels of a side that there are positions for").range(1, 1 << 16);
  std::int64_t patch = integer("patch_size", 16, "pixels of a patch's side; divides image_size").range(1, 1 << 16);
  std::int64_t side = quotient({"image_size", image}, {"patch_size", patch});  // patches of the largest image
  std::int64_t pooled = integer("hidden_size", 512, "width of the pooled vector").range(1, 1 << 20);
  std::int64_t width = integer("dim", 512, "width D").range(1, 1 << 20);
  std::int64_t layers = integer("depth", 6, "blocks").range(0, 10000);
  std::int64_t heads = integer("heads", 8, "heads H, of width 64").range(1, 1 << 16);
  std::int64_t inner = integer("mlp_dim", 1024, "inner width of the feed-forward part").range(1, 1 << 22);
  double dropout = number("dropout", 0.0, "dropout of blocks in training").range(0, 1);
  double embedding_dropout = number("emb_dropout", 0.0, "dropout of embeddings in training").range(0, 1);
  std::optional<double> token_dropout =
      number("token_dropout_prob", 0.1, "share of an image's patches that is left out in training; null: none")
          .range(0, 1)
          .nullable();
};

// A layer norm that scales by gamma and shifts by beta, which is kept at 0 and never trained.
class Norm : public nn::Module {
 public:
  Norm(std::int64_t width, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const { return nn::residual_norm({}, x, spec()).normed; }
  nn::NormSpec spec() const { return {nn::NormSpec::Kind::layer, gamma_, beta_, 1e-5}; }

 private:
  nn::Tensor gamma_, beta_;  // [D]
};

// Queries and keys have length √d · gamma.
class HeadNorm : public nn::Module {
 public:
  HeadNorm(std::int64_t heads, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;  // [.., H, d] → the same

 private:
  nn::Tensor gamma_;  // [H, 1, d]
};

class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options);
  const Norm& norm() const { return norm_; }  // stands before the queries
  at::Tensor operator()(const at::Tensor& x, const nn::RowPlan& plan, double dropout) const;  // [tokens, D], normed
  // One query [D] for all rows, to each row's own tokens.   x [tokens, D] → [N, D]
  at::Tensor pool(const at::Tensor& query, const at::Tensor& x, const nn::RowPlan& plan) const;

 private:
  at::Tensor heads_of(const at::Tensor& x) const;  // [.., H·d] → [.., H, d]

  std::int64_t heads_;
  Norm norm_;
  HeadNorm query_norm_, key_norm_;
  nn::Linear query_, key_value_, out_;
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  double dropout;  // in force: 0 in evaluation
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  Attention attention_;
  Norm norm_;
  nn::Activation activation_;
  nn::Linear in_, out_;
};

class Model : public nn::ImageModel {
 public:
  using Settings = navit::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  void check(const nn::Extent& grid) const;           // there are positions for it
  at::Tensor embed(const nn::PatchRows& rows) const;  // [N, T, D] or [tokens, D]

  Settings settings_;
  Norm patch_norm_;
  nn::Linear projection_;
  Norm embedding_norm_;
  nn::Tensor rows_, columns_;  // [side, D] positions by height and by width
  nn::BlockList<Block> blocks_;
  Norm norm_;
  nn::Tensor pool_query_;  // [D]
  Attention pool_;
  Norm head_norm_;
  nn::Linear head_;
};

}  // namespace welt::navit
