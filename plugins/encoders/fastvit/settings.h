// The configuration of a FastViT: a timm_wrapper config.json of transformers 4.57, which names one of timm's variants
// and changes some of its arguments.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::fastvit {

// `model_args`: arguments of timm's FastVit. What is not given is the variant's.
struct Arguments : sdk::Fields {
  explicit Arguments(const sdk::Source& source);
  std::int64_t channels = integer("in_chans", 3, "channels C").range(1, 4).optional().value_or(3);
  std::optional<std::vector<std::int64_t>> layers =
      integers("layers", sdk::null, "blocks of each stage").range(0, 1000).optional();
  std::optional<std::vector<std::string>> token_mixers =
      texts("token_mixers", sdk::null, "repmixer or attention, for each stage").optional();
  std::optional<std::vector<std::int64_t>> widths =
      integers("embed_dims", sdk::null, "width D of each stage").range(1, 1 << 20).optional();
  std::optional<std::vector<double>> mlp_ratios =
      numbers("mlp_ratios", sdk::null, "inner width of feed-forward parts, in widths, for each stage")
          .range(0, 1000)
          .optional();
  std::optional<std::vector<bool>> downsamples = booleans("downsamples", "stages that halve the map first");
  std::optional<std::vector<bool>> excited = booleans("se_downsamples", "of these, stages with squeeze and excitation");
  std::int64_t mixer_kernel = integer("repmixer_kernel_size", 3, "kernel of the token mixing convolutions; odd")
                                  .range(1, 255)
                                  .optional()
                                  .value_or(3);
  std::optional<std::size_t> no_positions = absent_positions();  // `pos_embs` takes them away: for so many stages
  std::int64_t down_kernel = integer("down_patch_size", 7, "kernel of halving convolutions; odd, 3 at least")
                                 .range(3, 255)
                                 .optional()
                                 .value_or(7);
  std::int64_t down_stride =
      integer("down_stride", 2, "what a halving stage divides height and width by").range(1, 64).optional().value_or(2);
  double head_dropout =
      number("drop_rate", 0, "dropout of the pooled vector in training").range(0, 1).optional().value_or(0);
  double dropout =
      number("proj_drop_rate", 0, "dropout of feed-forward parts in training").range(0, 1).optional().value_or(0);
  double drop_path =
      number("drop_path_rate", 0, "share of images that the last block's parts are left out for in training")
          .range(0, 1)
          .optional()
          .value_or(0);
  double layer_scale = number("layer_scale_init_value", 1e-5, "what the scales of parts start as")
                           .range(-1e6, 1e6)
                           .optional()
                           .value_or(1e-5);
  std::optional<bool> down_activation =
      boolean("lkc_use_act", false, "GELU between the two convolutions that halve").optional();
  std::optional<bool> stem_scale =
      boolean("stem_use_scale_branch", true, "the stem's convolutions have branches of kernel 1").optional();
  double last_ratio = number("cls_ratio", 2, "width of the last convolution, in those of the last stage")
                          .range(0, 1000)
                          .optional()
                          .value_or(2);
  std::string pool =
      text("global_pool", "avg", "how the map is pooled")
          .one_of({"avg", "max", "avgmax", "catavgmax", "fast", "fastavg", "fastmax", "fastavgmax", "fastcatavgmax"})
          .optional()
          .value_or("avg");
  bool fused =
      boolean("inference_mode", false, "each convolution's branches are merged into one").optional().value_or(false);

 private:
  std::optional<std::vector<bool>> booleans(std::string name, std::string help) const;
  std::optional<std::size_t> absent_positions() const;
};

// `pretrained_cfg` of a timm config.json: of it, how pixels are normalised.
struct Pretrained : sdk::Fields {
  using Fields::Fields;
  std::optional<std::vector<double>> mean = numbers("mean", sdk::null, "of pixel values, by channel").optional();
  std::optional<std::vector<double>> deviation = numbers("std", sdk::null, "of pixel values, by channel").optional();
};

// One of timm's models.
struct Variant {
  std::string_view name;
  std::array<std::int64_t, 5> layers, widths;  // 0: no such stage
  double mlp_ratio;
  std::int64_t attention_stages;  // the last ones, which add positions first
  bool excited;                   // the last two halvings have squeeze and excitation
  bool down_activation, layer_norm, stem_scale;
  enum class Pixels { imagenet, plain, clip } pixels;
};

struct StageShape {
  std::int64_t depth, in, width, inner;  // blocks, width of the stage before, D, width in feed-forward parts
  bool attention, positions, halves, excited;
  std::int64_t first_block = 0;  // blocks before it
};

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture_class = classes({"TimmWrapperModel", "TimmWrapperForImageClassification"});
  std::string architecture =
      text("architecture", "", "timm's name of the model: fastvit_t8, fastvit_mci3, …").required();
  bool do_pooling = boolean("do_pooling", true, "the class has a pooled output; false: the mean over the map is taken");
  double deviation = number("initializer_range", 0.02, "standard deviation of new attention weights").range(0, 100);
  std::optional<Arguments> given = table<Arguments>("model_args", "arguments of timm's FastVit; null: the variant's");
  std::optional<Pretrained> pretrained = table<Pretrained>("pretrained_cfg", "timm's record of how it was trained");

  Arguments arguments() const;
  bool pools() const { return architecture_class == "TimmWrapperModel" && do_pooling; }
  const Variant& variant() const { return *variant_; }
  const std::vector<StageShape>& stages() const { return stages_; }
  std::int64_t blocks() const { return blocks_; }
  std::int64_t last_width() const { return last_width_; }
  std::int64_t pooled_width() const;

 private:
  const Variant* variant_ = nullptr;
  std::vector<StageShape> stages_;
  std::int64_t blocks_ = 0, last_width_ = 0;
};

}  // namespace welt::fastvit
