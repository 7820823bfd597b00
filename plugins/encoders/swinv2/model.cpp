// The mathematics of Swin Transformer V2. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/clamp_max.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/floor_divide.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log2.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace welt::swinv2 {
namespace {

constexpr std::int64_t bias_width = 512;  // inner width of the position MLP, in every Swin V2
constexpr double inner_norm_eps = 1e-5;   // of the norms of embeddings and merging, whatever layer_norm_eps says
constexpr double masked = -200;           // added to scores across a shift's seam: −100, twice

std::string stage_text(std::size_t stage) { return "stage " + std::to_string(stage + 1); }

void require_as_many(const std::string& key, std::size_t count, std::size_t stages) {
  if (count >= stages) return;
  throw sdk::invalid(key + " has " + std::to_string(count) + " values; expected one for each of the " +
                         std::to_string(stages) + " stages of depths",
                     key);
}

// [N, h, w, D] → the same, moved up and left by `by`, what leaves coming in at the other side; by < 0: down and right.
at::Tensor rolled(const at::Tensor& x, std::int64_t by) {
  at::Tensor out = x;
  for (const std::int64_t dim : {1, 2}) {
    const std::int64_t size = x.size(dim), cut = by > 0 ? by : size + by;
    out = at::cat({out.narrow(dim, cut, size - cut), out.narrow(dim, 0, cut)}, dim);
  }
  return out;
}

// Vectors of length 1, as torch.nn.functional.normalize makes them.
at::Tensor unit(const at::Tensor& x) { return x / at::linalg_vector_norm(x, 2, -1, /*keepdim=*/true).clamp_min(1e-12); }

std::int64_t up_to_multiple(std::int64_t size, std::int64_t part) { return (size + part - 1) / part * part; }

}  // namespace

Settings::Settings(const sdk::Source& source) : Fields(source) {
  irrelevant({"encoder_stride", "hidden_size", "num_layers", "out_features", "out_indices", "stage_names"});
  boolean("use_absolute_embeddings", false, "must be false")
      .only(false, "the class makes a table of one position too many for it, and cannot add that");
  if (depths.empty()) throw sdk::invalid("depths is empty; expected the blocks of one stage at least", "depths");
  if (pretrained.empty()) pretrained.assign(depths.size(), 0);
  require_as_many("num_heads", heads.size(), depths.size());
  require_as_many("pretrained_window_sizes", pretrained.size(), depths.size());
  if (std::ranges::find(pretrained, 1) != pretrained.end()) {
    throw sdk::invalid(
        "pretrained_window_sizes has a 1, whose positions have no distance to measure by; expected 0 or 2 and more",
        "pretrained_window_sizes");
  }
  const std::size_t last = depths.size() - 1;
  if (const std::int64_t rows = image.height / patch.height; last >= 16 || rows >> last < 1) {
    throw sdk::invalid("image_size and patch_size give " + std::to_string(rows) +
                           " rows of patches, which halve to none before " + stage_text(last) +
                           ", where no window is left; expected a larger image_size or fewer depths",
                       "image_size");
  }
  if (width > (1 << 20) >> last) {
    throw sdk::invalid("embed_dim (" + std::to_string(width) + ") doubles to more than 1048576 in " + stage_text(last),
                       "embed_dim");
  }
  for (std::size_t i = 0; i < depths.size(); ++i) {
    const StageShape shape = stage(i);
    static_cast<void>(quotient({"embed_dim of " + stage_text(i), shape.width}, {"num_heads", shape.heads}));
    if (shape.inner < 1) {
      throw sdk::invalid("mlp_ratio leaves no inner width in " + stage_text(i) + "; expected a larger one",
                         "mlp_ratio");
    }
  }
}

// As Swinv2Layer chooses them: by the rows that the map has for an image of image_size, whatever image comes.
StageShape Settings::stage(std::size_t number) const {
  const std::int64_t rows = image.height / patch.height >> number, stage_width = width << number;
  return {.depth = depths[number],
          .width = stage_width,
          .heads = heads[number],
          .inner = static_cast<std::int64_t>(mlp_ratio * static_cast<double>(stage_width)),
          .window = std::min(rows, window),
          .shift = rows > window ? window / 2 : 0,
          .pretrained = pretrained[number]};
}

double Settings::drop_path_of(std::int64_t block) const {
  const std::int64_t all = std::accumulate(depths.begin(), depths.end(), std::int64_t{0});
  return all < 2 ? 0 : drop_path * static_cast<double>(block) / static_cast<double>(all - 1);
}

WindowTables::WindowTables(std::int64_t window, std::int64_t pretrained) {
  const std::int64_t span = 2 * window - 1, tokens = window * window;
  const auto whole = static_cast<double>(std::max<std::int64_t>(1, (pretrained > 0 ? pretrained : window) - 1));
  const at::Tensor steps = at::arange(1 - window, window, at::kDouble) * (8 / whole);
  const at::Tensor scaled = steps.sign() * at::log2(steps.abs() + 1) / 3;  // [2M−1]; log₂ 8 = 3
  offsets = at::stack({scaled.view({span, 1}).expand({span, span}), scaled.view({1, span}).expand({span, span})}, -1)
                .reshape({span * span, 2});
  const at::Tensor count = at::arange(tokens, at::kLong);
  const at::Tensor row = at::floor_divide(count, window), column = at::remainder(count, window);  // [T]
  const auto apart = [&](const at::Tensor& place) { return place.unsqueeze(1) - place.unsqueeze(0) + (window - 1); };
  index = (apart(row) * span + apart(column)).view({1, tokens * tokens});
}

PositionBias::PositionBias(const Settings& s, std::int64_t heads, const at::TensorOptions& options) {
  parameter("0.weight", in_weight_, {bias_width, 2}, options, s.initializer_range, {.decay = false});
  // Not at 0 as the class has it: there the ReLU has its kink, for each position and itself.
  parameter("0.bias", in_bias_, {bias_width}, options, s.initializer_range, {.decay = false});
  parameter("2.weight", out_weight_, {heads, bias_width}, options, s.initializer_range, {.decay = false});
}

at::Tensor PositionBias::operator()(const WindowTables& tables, at::ScalarType type) const {
  const at::Tensor offsets = tables.offsets.to(in_weight_.options().dtype(type));
  const at::Tensor inner = at::relu(at::linear(offsets, in_weight_.to(type), in_bias_.to(type)));
  const at::Tensor table = 16 * at::sigmoid(at::matmul(out_weight_.to(type), inner.t()));  // [H, (2M−1)²]
  const std::int64_t heads = out_weight_.size(0), pairs = tables.index.size(1);
  return at::gather(table, 1, tables.index.to(table.device()).expand({heads, pairs}));
}

Block::Block(const Settings& s, const StageShape& shape, const WindowTables& tables, std::int64_t first,
             const at::TensorOptions& options, std::int64_t number)
    : shape_(shape),
      tables_(tables),
      hidden_dropout_(s.hidden_dropout),
      attention_dropout_(s.attention_dropout),
      drop_path_(s.drop_path_of(first + number)),
      activation_(s.activation),
      bias_(s, shape.heads, options),
      query_(shape.width, shape.width, s.qkv_bias, options, s.initializer_range),
      key_(shape.width, shape.width, /*with_bias=*/false, options, s.initializer_range),
      value_(shape.width, shape.width, s.qkv_bias, options, s.initializer_range),
      attention_out_(shape.width, shape.width, /*with_bias=*/true, options, s.initializer_range),
      norm_before_(shape.width, s.norm_eps, options),
      norm_after_(shape.width, s.norm_eps, options),
      inner_(shape.width, shape.inner, /*with_bias=*/true, options, s.initializer_range),
      out_(shape.inner, shape.width, /*with_bias=*/true, options, s.initializer_range) {
  parameter("attention.self.logit_scale", logit_scale_, {shape.heads, 1, 1}, options,
            nn::Init::constant(std::log(10.0)), {.decay = false});
  children({{"attention.self.continuous_position_bias_mlp", bias_}, {"attention.self.query", query_}});
  children(
      {{"attention.self.key", key_}, {"attention.self.value", value_}, {"attention.output.dense", attention_out_}});
  children({{"layernorm_before", norm_before_}, {"intermediate.dense", inner_}});
  children({{"output.dense", out_}, {"layernorm_after", norm_after_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const StagePlan& plan, std::size_t number) const {
  const auto trace = [&](const char* part, const at::Tensor& value) {
    if (!plan.traced) return;
    const std::int64_t block = plan.first_block + static_cast<std::int64_t>(number);
    plan.trace("layers." + std::to_string(block) + "." + part, value);
  };
  const auto kept = [&](const at::Tensor& branch) { return nn::drop_path(branch, active(drop_path_)); };
  const at::Tensor attended = attend(in.x, plan, number % 2 == 1 && shape_.shift > 0);  // [N, h·w, D]
  trace("attention", attended);
  const at::Tensor attended_norm = norm_before_(attended);
  trace("attention_norm", attended_norm);
  const at::Tensor between = in.x + kept(attended_norm);
  const at::Tensor fed = nn::dropout(out_(activation_(inner_(between))), active(hidden_dropout_));  // D → I → D
  trace("mlp", fed);
  const at::Tensor fed_norm = norm_after_(fed);
  trace("mlp_norm", fed_norm);
  return {between + kept(fed_norm), {}};
}

at::Tensor Block::attend(const at::Tensor& x, const StagePlan& plan, bool shifted) const {
  const at::Tensor in = windows(x, plan, shifted);  // [N·nW, T, D]
  const std::int64_t all = in.size(0), tokens = in.size(1), heads = shape_.heads, head_width = shape_.width / heads;
  // Where windows have masks of their own, those of an image are more heads of one row: g = nW, else 1.
  const std::int64_t grouped = shifted ? plan.mask.size(0) : 1;
  const auto split = [&](const at::Tensor& y) {  // [N·nW/g, g·H, T, d]
    return y.view({all, tokens, heads, head_width})
        .transpose(1, 2)
        .reshape({all / grouped, grouped * heads, tokens, head_width});
  };
  const at::ScalarType wide = c10::promoteTypes(in.scalar_type(), at::kFloat);  // of scores
  at::Tensor bias = bias_(tables_, wide).view({1, heads, tokens, tokens});
  if (shifted) bias = (bias + plan.mask.to(wide)).view({1, grouped * heads, tokens, tokens});

  const at::Tensor temperature = at::exp(at::clamp_max(logit_scale_.to(wide), std::log(100.0)));  // [H, 1, 1]
  const auto direction = [&](const at::Tensor& y) { return unit(y.view({all, tokens, heads, head_width}).to(wide)); };
  const at::Tensor q = split(direction(query_(in)) * temperature.view({heads, 1}));  // as long as scores are scaled
  const at::Tensor k = split(direction(key_(in))), v = split(value_(in));
  const at::Tensor weights = at::softmax(at::matmul(q, k.transpose(2, 3)) + bias, -1).to(v.scalar_type());
  const at::Tensor seen = at::matmul(nn::dropout(weights, active(attention_dropout_)), v);  // [N·nW/g, g·H, T, d]
  const at::Tensor joined =
      seen.reshape({all, heads, tokens, head_width}).transpose(1, 2).reshape({all, tokens, shape_.width});
  return nn::dropout(attention_out_(map(joined, plan, shifted)), active(attention_dropout_));
}

at::Tensor Block::windows(const at::Tensor& x, const StagePlan& plan, bool shifted) const {
  const std::int64_t n = x.size(0), side = shape_.window, rows = plan.padded.height / side,
                     columns = plan.padded.width / side, width = shape_.width;
  at::Tensor map = x.view({n, plan.map.height, plan.map.width, width});
  if (plan.padded != plan.map) {
    const std::array<std::int64_t, 6> padding{
        0, 0, 0, plan.padded.width - plan.map.width, 0, plan.padded.height - plan.map.height};
    map = at::constant_pad_nd(map, padding);
  }
  if (shifted) map = rolled(map, shape_.shift);
  return map.view({n, rows, side, columns, side, width})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({n * rows * columns, side * side, width});
}

at::Tensor Block::map(const at::Tensor& x, const StagePlan& plan, bool shifted) const {
  const auto [height, width] = plan.padded;
  const std::int64_t side = shape_.window, rows = height / side, columns = width / side,
                     n = x.size(0) / (rows * columns);
  at::Tensor map = x.view({n, rows, columns, side, side, shape_.width})
                       .permute({0, 1, 3, 2, 4, 5})
                       .reshape({n, height, width, shape_.width});
  if (shifted) map = rolled(map, -shape_.shift);
  if (plan.padded != plan.map) map = map.narrow(1, 0, plan.map.height).narrow(2, 0, plan.map.width);
  return map.reshape({n, plan.map.height * plan.map.width, shape_.width});
}

PatchMerging::PatchMerging(const Settings& s, std::int64_t width, const at::TensorOptions& options)
    : reduction_(4 * width, 2 * width, /*with_bias=*/false, options, s.initializer_range),
      norm_(2 * width, inner_norm_eps, options) {
  children({{"reduction", reduction_}, {"norm", norm_}});
}

at::Tensor PatchMerging::operator()(const at::Tensor& x, const nn::Extent& map) const {
  const auto [height, width] = map;
  const std::int64_t n = x.size(0), rows = (height + 1) / 2, columns = (width + 1) / 2, channels = x.size(2);
  at::Tensor even = x.view({n, height, width, channels});
  if (height % 2 == 1 || width % 2 == 1) even = at::constant_pad_nd(even, {0, 0, 0, width % 2, 0, height % 2});
  // The lower neighbour comes before the right one.
  const at::Tensor four = even.view({n, rows, 2, columns, 2, channels}).permute({0, 1, 3, 4, 2, 5});
  return norm_(reduction_(four.reshape({n, rows * columns, 4 * channels})));
}

Stage::Stage(const Settings& s, const at::TensorOptions& options, std::int64_t number)
    : shape_(s.stage(static_cast<std::size_t>(number))),
      first_block_(std::accumulate(s.depths.begin(), s.depths.begin() + number, std::int64_t{0})),
      blocks_(shape_.depth, s, shape_, WindowTables(shape_.window, shape_.pretrained), first_block_, options) {
  child("blocks", blocks_);
  if (number + 1 == static_cast<std::int64_t>(s.depths.size())) return;
  merging_.emplace(s, shape_.width, options);
  child("downsample", *merging_);
}

at::Tensor Stage::operator()(const nn::Body& model, const at::Tensor& x, nn::Extent& map,
                             const nn::ImageInput& input) const {
  const nn::Extent padded{up_to_multiple(map.height, shape_.window), up_to_multiple(map.width, shape_.window)};
  const bool shifts = shape_.shift > 0 && shape_.depth > 1;
  StagePlan plan{map,          padded,      shifts ? shift_mask(padded, x.options()) : at::Tensor(),
                 first_block_, input.trace, static_cast<bool>(input.trace)};
  const at::Tensor out = nn::run_blocks(model, blocks_, std::move(plan), {x, {}}).x;
  if (!merging_) return out;
  const at::Tensor merged = (*merging_)(out, map);
  map = {(map.height + 1) / 2, (map.width + 1) / 2};
  return merged;
}

// Behind a shift the last window of a row or column holds both borders of the map; its parts do not see each other.
at::Tensor Stage::shift_mask(const nn::Extent& padded, const at::TensorOptions& options) const {
  const std::int64_t side = shape_.window, rows = padded.height / side, columns = padded.width / side;
  const auto part = [&](std::int64_t size) {  // I64 [size]: before the last window, in it, behind the seam
    const at::Tensor place = at::arange(size, options.dtype(at::kLong));
    return (place >= size - side).to(at::kLong) + (place >= size - shape_.shift).to(at::kLong);
  };
  const at::Tensor parts = part(padded.height).unsqueeze(1) * 3 + part(padded.width);  // [hp, wp]
  const at::Tensor of =
      parts.view({rows, side, columns, side}).permute({0, 2, 1, 3}).reshape({rows * columns, side * side});
  return (of.unsqueeze(2) != of.unsqueeze(1)).to(options.dtype()).mul(masked).unsqueeze(1);
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      projection_(settings_.channels, settings_.width, {.kernel = settings_.patch, .stride = settings_.patch}, options,
                  settings_.initializer_range),
      embedding_norm_(settings_.width, inner_norm_eps, options),
      stages_(static_cast<std::int64_t>(settings_.depths.size()), settings_, options),
      norm_(settings_.last_width(), settings_.norm_eps, options) {
  const std::string prefix = settings_.architecture == "Swinv2Model" ? "" : "swinv2.";
  child(prefix + "embeddings.patch_embeddings.projection", projection_);
  child(prefix + "embeddings.norm", embedding_norm_);
  child(prefix + "encoder.layers", stages_);
  child(prefix + "layernorm", norm_);
}

nn::ImageOutput Model::forward(const nn::ImageInput& input) const {
  const nn::Extent image{input.pixels.size(2), input.pixels.size(3)}, patch = settings_.patch;
  nn::Extent map{up_to_multiple(image.height, patch.height) / patch.height,
                 up_to_multiple(image.width, patch.width) / patch.width};
  at::Tensor pixels = input.pixels;  // [N, C, Hpx, Wpx]
  const std::array<std::int64_t, 4> padding{0, map.width * patch.width - image.width, 0,
                                            map.height * patch.height - image.height};
  if (padding[1] > 0 || padding[3] > 0) pixels = at::constant_pad_nd(pixels, padding);
  const at::Tensor patches = projection_(pixels).flatten(2).transpose(1, 2);  // [N, h·w, D]
  at::Tensor x = nn::dropout(embedding_norm_(patches), active(settings_.hidden_dropout));
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    input.trace_hidden(i, x);
    x = stages_[i](*this, x, map, input);
  }
  input.trace_hidden(stages_.size(), x);
  const at::Tensor hidden = norm_(x);  // [N, h·w, D of the last stage]
  return {hidden, hidden.mean(1)};
}

nn::ImageFacts Model::facts() const {
  return {.base_prefix = "swinv2",
          .width = settings_.last_width(),
          .channels = settings_.channels,
          .has_pooler = settings_.architecture == "Swinv2Model",
          .initializer_range = settings_.initializer_range,
          .mean = {0.485, 0.456, 0.406, 0.449},  // of the published checkpoints; the fourth: mean of three
          .deviation = {0.229, 0.224, 0.225, 0.226}};
}

}  // namespace welt::swinv2
