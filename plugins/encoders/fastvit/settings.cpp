// The configuration of a FastViT. See settings.h.
#include "settings.h"

#include <algorithm>

namespace welt::fastvit {
namespace {

using Pixels = Variant::Pixels;

constexpr std::array variants = {
    Variant{"fastvit_t8", {2, 2, 4, 2}, {48, 96, 192, 384}, 3, 0, false, false, false, true, Pixels::imagenet},
    Variant{"fastvit_t12", {2, 2, 6, 2}, {64, 128, 256, 512}, 3, 0, false, false, false, true, Pixels::imagenet},
    Variant{"fastvit_s12", {2, 2, 6, 2}, {64, 128, 256, 512}, 4, 0, false, false, false, true, Pixels::imagenet},
    Variant{"fastvit_sa12", {2, 2, 6, 2}, {64, 128, 256, 512}, 4, 1, false, false, false, true, Pixels::imagenet},
    Variant{"fastvit_sa24", {4, 4, 12, 4}, {64, 128, 256, 512}, 4, 1, false, false, false, true, Pixels::imagenet},
    Variant{"fastvit_sa36", {6, 6, 18, 6}, {64, 128, 256, 512}, 4, 1, false, false, false, true, Pixels::imagenet},
    Variant{"fastvit_ma36", {6, 6, 18, 6}, {76, 152, 304, 608}, 4, 1, false, false, false, true, Pixels::imagenet},
    Variant{"fastvit_mci0", {2, 6, 10, 2}, {64, 128, 256, 512}, 3, 1, true, true, false, true, Pixels::plain},
    Variant{"fastvit_mci1", {4, 12, 20, 4}, {64, 128, 256, 512}, 3, 1, true, true, false, true, Pixels::plain},
    Variant{"fastvit_mci2", {4, 12, 24, 4}, {80, 160, 320, 640}, 3, 1, true, true, false, true, Pixels::plain},
    Variant{"fastvit_mci3", {2, 12, 24, 4, 2}, {96, 192, 384, 768, 1536}, 4, 2, false, true, true, false, Pixels::clip},
    Variant{
        "fastvit_mci4", {2, 12, 24, 4, 4}, {128, 256, 512, 1024, 2048}, 4, 2, false, true, true, false, Pixels::clip},
};

// timm's names may name the weights too: fastvit_t8.apple_in1k.
const Variant& variant_of(const std::string& architecture) {
  const std::string name = architecture.substr(0, architecture.find('.'));
  const auto found = std::ranges::find(variants, name, &Variant::name);
  if (found != variants.end()) return *found;
  std::vector<std::string> known;
  for (const Variant& one : variants) known.emplace_back(one.name);
  throw sdk::invalid(
      "architecture \"" + architecture + "\" is none of the FastViTs of timm; known: " + sdk::detail::listed(known),
      "architecture");
}

// Value i of a list that was given, else the variant's, which has `own` of them.
template <typename T>
T value_of(const std::optional<std::vector<T>>& given, const std::string& key, std::size_t i, std::size_t own,
           T other) {
  const std::size_t count = given ? given->size() : own;
  if (i < count) return given ? T((*given)[i]) : other;
  throw sdk::invalid("model_args." + key + (given ? "" : " of this architecture") + " has " + std::to_string(count) +
                         " values; expected one for each stage of layers",
                     "model_args." + key);
}

void require_odd(std::int64_t kernel, const std::string& key) {
  if (kernel % 2 == 1) return;
  throw sdk::invalid(key + " (" + std::to_string(kernel) + ") is even: branches of a convolution would give maps of " +
                         "different sizes; expected an odd number",
                     key);
}

// Stage i, behind one of width `in`.
StageShape stage_of(const Variant& variant, const Arguments& a, std::size_t i, std::int64_t in) {
  const auto own =
      static_cast<std::size_t>(std::ranges::count_if(variant.layers, [](auto depth) { return depth > 0; }));
  const auto first = own - static_cast<std::size_t>(variant.attention_stages);  // of those with attention
  const bool attention = i >= first && i < own;
  const std::int64_t own_width = i < own ? variant.widths[i] : 0;
  StageShape stage{};
  stage.width = value_of(a.widths, "embed_dims", i, own, own_width);
  stage.in = i == 0 ? stage.width : in;
  const double ratio = value_of(a.mlp_ratios, "mlp_ratios", i, own, variant.mlp_ratio);
  stage.inner = static_cast<std::int64_t>(static_cast<double>(stage.width) * ratio);
  const std::string mixer =
      value_of(a.token_mixers, "token_mixers", i, own, std::string(attention ? "attention" : "repmixer"));
  stage.attention = mixer == "attention";
  stage.positions = value_of({}, "pos_embs", i, a.no_positions.value_or(own), attention && !a.no_positions);
  stage.halves = value_of(a.downsamples, "downsamples", i, own, i > 0) || stage.in != stage.width;
  stage.excited = value_of(a.excited, "se_downsamples", i, own, variant.excited && i >= 2);
  if (!stage.attention && mixer != "repmixer") {
    throw sdk::invalid("model_args.token_mixers has \"" + mixer + "\"; known: attention, repmixer",
                       "model_args.token_mixers");
  }
  if (stage.inner < 1) {
    throw sdk::invalid("model_args.mlp_ratios leave no inner width in stage " + std::to_string(i + 1),
                       "model_args.mlp_ratios");
  }
  return stage;
}

}  // namespace

Arguments::Arguments(const sdk::Source& source) : Fields(source) {
  boolean("fork_feat", false, "must be false").optional().only(false, "a list of maps is no vector");
  boolean("features_only", false, "must be false").optional().only(false, "a list of maps is no vector");
  require_odd(mixer_kernel, "model_args.repmixer_kernel_size");
  require_odd(down_kernel, "model_args.down_patch_size");
}

std::optional<std::vector<bool>> Arguments::booleans(std::string name, std::string help) const {
  using Values = std::optional<std::vector<bool>>;
  const sdk::Key key = sdk::list(name, std::move(help)).optional();
  return custom({key}, Values(), [&](const sdk::Config& config) {
    if (!config.has(name)) return Values();
    Values values(std::in_place);
    for (std::int64_t i = 0; i < config.count(name); ++i) {
      values->push_back(config.get_bool(name + "." + std::to_string(i)));
    }
    return values;
  });
}

// A module cannot be written in JSON: pos_embs can only take those of the variant away, with a null for each stage.
std::optional<std::size_t> Arguments::absent_positions() const {
  const std::string name = "pos_embs";
  const sdk::Key key = sdk::list(name, "a null for each stage: no positions").optional();
  return custom({key}, std::optional<std::size_t>(), [&](const sdk::Config& config) -> std::optional<std::size_t> {
    if (!config.has(name)) return std::nullopt;
    for (std::int64_t i = 0; i < config.count(name); ++i) {
      if (!config.has(name + "." + std::to_string(i))) continue;
      throw sdk::invalid(
          "model_args.pos_embs has an entry that is not null; only absent positions can be asked for, "
          "others are the architecture's",
          "model_args.pos_embs");
    }
    return static_cast<std::size_t>(config.count(name));
  });
}

Settings::Settings(const sdk::Source& source) : Fields(source) {
  irrelevant({"num_classes", "label_names", "global_pool", "hidden_size", "image_size", "num_features"});
  custom({}, 0, [](const sdk::Config& config) {
    const sdk::Config table = config.table("model_args");
    std::int64_t known = 0;
    for (const sdk::Key& key : sdk::schema_of<Arguments>()) known += table.type(key.name) != 0 ? 1 : 0;
    if (config.count("model_args") == known) return 0;
    std::string name = "a key";
    for (const char* one :
         {"act_layer", "device", "dtype", "norm_layer", "num_classes", "out_indices", "pretrained_cfg"})
      if (table.type(one) != 0) name = one;
    throw sdk::invalid(
        "model_args has " + name + " that is not served; welt plugin describe fastvit lists those that are",
        "model_args");
  });
  if (custom({}, true, [](const sdk::Config&) { return false; })) return;  // keys are recorded
  variant_ = &variant_of(architecture);
  const Arguments a = arguments();
  std::vector<std::int64_t> depths = a.layers.value_or(std::vector(variant_->layers.begin(), variant_->layers.end()));
  if (!a.layers) std::erase(depths, 0);
  if (depths.empty()) throw sdk::invalid("model_args.layers is empty; expected a stage at least", "model_args.layers");
  if (a.widths && a.widths->size() != depths.size()) {
    throw sdk::invalid("model_args.embed_dims has " + std::to_string(a.widths->size()) + " values for the " +
                           std::to_string(depths.size()) + " stages of layers",
                       "model_args.embed_dims");
  }
  std::int64_t width = 0;
  for (std::size_t i = 0; i < depths.size(); ++i) {
    StageShape stage = stage_of(*variant_, a, i, width);
    stage.depth = depths[i], stage.first_block = blocks_;
    if (stage.attention)
      static_cast<void>(quotient({"model_args.embed_dims", stage.width}, {"the width of a head", 32}));
    static_cast<void>(quotient({"model_args.embed_dims", stage.width}, {"that of the stage before", stage.in}));
    width = stage.width, blocks_ += stage.depth;
    stages_.push_back(stage);
  }
  last_width_ = static_cast<std::int64_t>(static_cast<double>(width) * a.last_ratio);
  if (last_width_ < 1) throw sdk::invalid("model_args.cls_ratio leaves no width", "model_args.cls_ratio");
  static_cast<void>(
      quotient({"model_args.cls_ratio times the last of embed_dims", last_width_}, {"embed_dims", width}));
}

Arguments Settings::arguments() const { return given ? *given : Arguments(sdk::Config(nullptr)); }

std::int64_t Settings::pooled_width() const {
  const bool both = pools() && arguments().pool.ends_with("catavgmax");
  return both ? 2 * last_width_ : last_width_;
}

}  // namespace welt::fastvit
