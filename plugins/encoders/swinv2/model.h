// The mathematics of Swin Transformer V2, as transformers 4.57's Swinv2Model computes it. Called by plugin.cpp; knows
// nothing of the ABI.
//
// Letters: N images, h × w positions of the stage's map (hp × wp with padding to whole windows), D width, H heads, d
// head width, I inner width, M side of a window, T = M · M, nW windows of an image.
#pragma once

#include <welt/nn/activation.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/image_model.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::swinv2 {

// What the blocks of a stage have in common.
struct StageShape {
  std::int64_t depth, width, heads, inner;  // blocks, D, H, I
  std::int64_t window, shift;               // M, and what windows of every second block are moved by
  std::int64_t pretrained;                  // the side of windows that positions are measured by; 0: M
};

// A Swin V2 config.json; throws Failure naming the key for what this model does not do.
struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"Swinv2Model", "Swinv2ForImageClassification", "Swinv2ForMaskedImageModeling"});
  nn::Extent image = sides<nn::Extent>("image_size", 224,
                                       "pixels that windows and shifts are chosen for: a number, or [height, width]");
  nn::Extent patch = sides<nn::Extent>("patch_size", 4, "pixels of a patch: a number, or [height, width]");
  std::int64_t channels = integer("num_channels", 3, "channels C").range(1, 4);
  std::int64_t width =
      integer("embed_dim", 96, "width D of the first stage; each further one doubles it").range(1, 1 << 20);
  std::vector<std::int64_t> depths = integers("depths", {2, 2, 6, 2}, "blocks of each stage").range(0, 1000);
  std::vector<std::int64_t> heads =
      integers("num_heads", {3, 6, 12, 24}, "heads H of each stage; divide its width").range(1, 1 << 16);
  std::int64_t window =
      integer("window_size", 7, "side M of a window; maps of image_size that are smaller have one window")
          .range(1, 1 << 10);
  std::vector<std::int64_t> pretrained =
      integers("pretrained_window_sizes", {0, 0, 0, 0},
               "side of the windows that the stage was trained with, which positions are measured by; 0: window_size")
          .range(0, 1 << 10)
          .nullable()
          .value_or(std::vector<std::int64_t>{});
  double mlp_ratio = number("mlp_ratio", 4.0, "inner width of the feed-forward part, in widths").range(0, 1000);
  bool qkv_bias = boolean("qkv_bias", true, "queries and values have biases; keys have none");
  double hidden_dropout = number("hidden_dropout_prob", 0.0, "dropout of hidden states in training").range(0, 1);
  double attention_dropout =
      number("attention_probs_dropout_prob", 0.0, "dropout of attention weights and output in training").range(0, 1);
  double drop_path =
      number("drop_path_rate", 0.1, "share of images that the last block's parts are left out for in training")
          .range(0, 0.999);
  std::string activation =
      text("hidden_act", "gelu", "activation of the feed-forward part").one_of(nn::activation_names());
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double norm_eps =
      number("layer_norm_eps", 1e-5, "added to the variance in the norms of blocks and the last one").range(0, 1);

  StageShape stage(std::size_t number) const;
  std::int64_t last_width() const { return width << (depths.size() - 1); }
  double drop_path_of(std::int64_t block) const;  // which is counted over all stages
};

// What only the window decides, kept on the CPU.
struct WindowTables {
  WindowTables(std::int64_t window, std::int64_t pretrained);
  at::Tensor offsets;  // F64 [(2M−1)², 2] offset between two positions, logarithmic
  at::Tensor index;    // I64 [1, T·T] the offset of each pair
};

// The bias of attention by relative position: an MLP over offsets.
class PositionBias : public nn::Module {
 public:
  PositionBias(const Settings& settings, std::int64_t heads, const at::TensorOptions& options);
  at::Tensor operator()(const WindowTables& tables, at::ScalarType type) const;  // [H, T·T]

 private:
  nn::Tensor in_weight_, in_bias_, out_weight_;  // [512, 2], [512], [H, 512]
};

// What the blocks of one stage share in one forward.
struct StagePlan {
  nn::Extent map, padded;  // h × w, hp × wp
  at::Tensor mask;         // [nW, 1, T, T] of shifted windows; undefined: no block is shifted
  std::int64_t first_block;
  std::function<void(std::string_view name, const at::Tensor& value)> trace;
  bool traced;
};

class Block : public nn::Module {
 public:
  // Block `number` of the stage whose first is `first` of all.
  Block(const Settings& settings, const StageShape& shape, const WindowTables& tables, std::int64_t first,
        const at::TensorOptions& options, std::int64_t number);
  nn::Stream operator()(const nn::Stream& in, const StagePlan& plan, std::size_t number) const;  // x [N, h·w, D]

 private:
  at::Tensor attend(const at::Tensor& x, const StagePlan& plan, bool shifted) const;   // [N, h·w, D], same
  at::Tensor feed(const at::Tensor& x) const;                                          // [.., D], same
  at::Tensor windows(const at::Tensor& x, const StagePlan& plan, bool shifted) const;  // [N, h·w, D] → [N·nW, T, D]
  at::Tensor map(const at::Tensor& x, const StagePlan& plan, bool shifted) const;      // and back

  StageShape shape_;
  WindowTables tables_;
  double hidden_dropout_, attention_dropout_, drop_path_;
  nn::Activation activation_;
  nn::Tensor logit_scale_;  // [H, 1, 1]
  PositionBias bias_;
  nn::Linear query_, key_, value_, attention_out_;
  nn::LayerNorm norm_before_, norm_after_;
  nn::Linear inner_, out_;
};

// Four neighbours become one position of twice the width.
class PatchMerging : public nn::Module {
 public:
  PatchMerging(const Settings& settings, std::int64_t width, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const nn::Extent& map) const;  // [N, h·w, D] → [N, ⌈h/2⌉·⌈w/2⌉, 2D]

 private:
  nn::Linear reduction_;
  nn::LayerNorm norm_;
};

class Stage : public nn::Module {
 public:
  Stage(const Settings& settings, const at::TensorOptions& options, std::int64_t number);
  // x [N, h·w, D]; `map` is h × w, and afterwards that of what is handed back.
  at::Tensor operator()(const nn::Body& model, const at::Tensor& x, nn::Extent& map, const nn::ImageInput& input) const;

 private:
  at::Tensor shift_mask(const nn::Extent& padded, const at::TensorOptions& options) const;

  StageShape shape_;
  std::int64_t first_block_ = 0;
  nn::BlockList<Block> blocks_;
  std::optional<PatchMerging> merging_;
};

class Model : public nn::ImageModel {
 public:
  using Settings = swinv2::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  Settings settings_;
  nn::Conv2d projection_;
  nn::LayerNorm embedding_norm_;
  nn::BlockList<Stage> stages_;
  nn::LayerNorm norm_;
};

}  // namespace welt::swinv2
