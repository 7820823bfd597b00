// Frequencies per rope type, tables per position, and the rotation.
#include "welt/nn/rotary.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/sin.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

namespace welt::nn {
namespace {

constexpr std::int64_t longest_kept_table = 1 << 17;

double mscale_of(double scale, double mscale) { return scale <= 1 ? 1.0 : 0.1 * mscale * std::log(scale) + 1.0; }

const char* const known_types = "default, linear, dynamic, yarn, longrope, llama3";

constexpr const char *full_kind = "full_attention", *sliding_kind = "sliding_attention";

// Of rope_parameters beside rope_scaling or a base other than the usual one, which counts would be a guess.
void refuse_two_spellings(const sdk::Config& config, const std::string& theta_key, double theta, double usual_theta,
                          std::optional<double> own_theta) {
  const bool other_theta = own_theta && theta != usual_theta && theta != *own_theta;
  if (config.has("rope_scaling") || other_theta)
    throw sdk::invalid("rope_parameters and " + (other_theta ? "another " + theta_key : "rope_scaling") +
                           " are both given; expected one of the two spellings",
                       "rope_parameters");
}

// transformers 5 writes one table rope_parameters for rope_theta, rope_scaling and the rotated share, which then count.
std::string spelling_of(const sdk::Config& config, double& theta, double& partial_factor, double usual_theta) {
  if (!config.has("rope_parameters")) return "rope_scaling";
  const sdk::Config now = config.table("rope_parameters");
  for (const char* layers : {full_kind, sliding_kind, "chunked_attention"})
    if (now.has(layers))
      throw sdk::invalid("rope_parameters are given for each kind of layers (" + std::string(layers) +
                             "); expected one set for all layers, as this class has it",
                         "rope_parameters");
  const std::optional<double> own_theta = now.find_double("rope_theta");
  refuse_two_spellings(config, "rope_theta", theta, usual_theta, own_theta);
  theta = own_theta.value_or(theta);
  partial_factor = now.get_double("partial_rotary_factor", partial_factor);
  return "rope_parameters";
}

sdk::Schema tables(std::int64_t max_positions, std::string parameters_help) {
  return {
      sdk::integer("max_position_embeddings", max_positions, "context that rope_scaling refers to").range(1, 1 << 30),
      sdk::table("rope_scaling", "rope_type (linear, dynamic, yarn, longrope, llama3) and its numbers"),
      sdk::table("rope_parameters", std::move(parameters_help))};
}

// What may stand in such a table, so that the host finds a misspelt key in it. Of any type: the class checks those that
// the rope type reads. `now`: it is rope_parameters, or in that.
void add_members(sdk::Schema& keys, const std::string& table, bool now) {
  const auto add = [&](const char* name, const char* help) {
    keys.push_back(sdk::Key{.name = table + "." + name, .type = 0, .default_json = {}, .help = help});
  };
  if (now) {
    add("rope_theta", "base of the rotary frequencies");
    add("partial_rotary_factor", "share of a head's width that is turned");
  }
  add("rope_type", known_types);
  add("type", "an older name of rope_type, which wins over it");
  add("factor", "how much longer the context is made (linear, dynamic, yarn, longrope, llama3)");
  add("attention_factor", "factor of cosine and sine (yarn, longrope)");
  add("original_max_position_embeddings", "context before (yarn, longrope, llama3)");
  add("beta_fast", "turns above which nothing is stretched (yarn)");
  add("beta_slow", "turns below which all is stretched (yarn)");
  add("mscale", "of the attention factor (yarn)");
  add("mscale_all_dim", "of the attention factor (yarn)");
  add("truncate", "whether the bounds between the two are whole numbers (yarn)");
  add("short_factor", "divisors of the frequencies within the context before (longrope)");
  add("long_factor", "divisors of the frequencies beyond it (longrope)");
  add("low_freq_factor", "turns below which all is stretched (llama3)");
  add("high_freq_factor", "turns above which nothing is stretched (llama3)");
}

}  // namespace

sdk::Schema RotaryConfig::scaling_keys(std::int64_t max_positions) {
  sdk::Schema keys = tables(max_positions, "transformers 5's spelling: rope_scaling with rope_theta in it");
  add_members(keys, "rope_scaling", /*now=*/false);
  add_members(keys, "rope_parameters", /*now=*/true);
  return keys;
}

RotaryConfig RotaryConfig::fields(const sdk::Fields& settings, std::int64_t head_dim, const Defaults& defaults) {
  sdk::Schema keys = scaling_keys(defaults.max_positions);
  keys.insert(keys.begin() + 1, sdk::number("rope_theta", defaults.theta, "base of the rotary frequencies"));
  return settings.custom(keys, RotaryConfig(), [&](const sdk::Config& config) {
    return from(config, head_dim, config.get_double("rope_theta", defaults.theta), /*partial_factor=*/1,
                defaults.theta);
  });
}

namespace {

// The rope type and its numbers, where `scaling` names one. `now`: it is rope_parameters, or in that.
RotaryConfig scaled(const sdk::Config& config, const sdk::Config& scaling, bool now, RotaryConfig out) {
  if (!(out.partial_factor >= 0 && out.partial_factor <= 2)) {
    throw sdk::invalid("rotary embeddings were asked to turn " + std::to_string(out.partial_factor) +
                           " of a head's width; expected a share from 0 to 1",
                       "partial_rotary_factor");
  }
  // The older key wins, as in transformers.
  out.type = scaling.has("type") ? scaling.get_string("type") : scaling.get_string("rope_type", "default");
  if (out.type == "default") return out;
  const bool known = out.type == "linear" || out.type == "dynamic" || out.type == "yarn" || out.type == "longrope" ||
                     out.type == "llama3";
  if (!known) {
    throw sdk::invalid("unknown rope type \"" + out.type + "\"; known: " + known_types, scaling.full("rope_type"));
  }
  out.attention_factor = scaling.get_double("attention_factor", 0);
  out.original_positions = scaling.get_int("original_max_position_embeddings", 0);
  if (out.type == "longrope") {
    out.short_factor = scaling.get_doubles("short_factor");
    out.long_factor = scaling.get_doubles("long_factor");
    // transformers 4: the original length is a key of the configuration, and overrides the factor. 5: both are in the
    // table, and the factor counts where it is given.
    out.longrope_positions = config.get_int("original_max_position_embeddings", 0);
    if (now && out.original_positions > 0) out.longrope_positions = out.original_positions;
    const bool given = out.longrope_positions == 0 || (now && scaling.has("factor"));
    out.factor = given ? scaling.get_double("factor", out.attention_factor > 0 ? 1 : 0)
                       : static_cast<double>(out.max_positions) / static_cast<double>(out.longrope_positions);
    const auto half = static_cast<std::size_t>(out.width() / 2);
    for (const auto& [key, list] : {std::pair{"short_factor", &out.short_factor}, {"long_factor", &out.long_factor}}) {
      if (list->size() != half) {
        throw sdk::invalid(scaling.full(key) + " has " + std::to_string(list->size()) + " numbers; expected " +
                               std::to_string(half) + ", half of the rotated width",
                           scaling.full(key));
      }
    }
    if (out.factor <= 0) throw sdk::invalid("longrope needs " + scaling.full("factor"), scaling.full("factor"));
    return out;
  }
  out.factor = scaling.get_double("factor");
  if (!(out.factor > 0)) {
    throw sdk::invalid(scaling.full("factor") + " is " + std::to_string(out.factor) + "; expected a number above 0",
                       scaling.full("factor"));
  }
  if (out.type == "yarn") {
    const auto or_default = [](double value, double fallback) { return value == 0 ? fallback : value; };
    out.beta_fast = or_default(scaling.get_double("beta_fast", 0), 32);
    out.beta_slow = or_default(scaling.get_double("beta_slow", 0), 1);
    out.mscale = scaling.get_double("mscale", 0);
    out.mscale_all_dim = scaling.get_double("mscale_all_dim", 0);
    out.truncate = scaling.get_bool("truncate", true);
  } else if (out.type == "llama3") {
    out.low_freq_factor = scaling.get_double("low_freq_factor");
    out.high_freq_factor = scaling.get_double("high_freq_factor");
    scaling.get_int("original_max_position_embeddings");  // required
    if (out.low_freq_factor <= 0 || out.high_freq_factor <= out.low_freq_factor) {
      const std::string high = scaling.full("high_freq_factor");
      throw sdk::invalid(high + " must be above low_freq_factor, and both above 0", high);
    }
  }
  return out;
}

// One kind of layers of a class that has two: by rope_parameters, else by its own base and, if it is `scaled_too`, by
// rope_scaling.
RotaryConfig of_kind(const sdk::Config& config, const char* kind, const RotaryPair::Base& base, bool scaled_too,
                     RotaryConfig out) {
  std::string theta_key = base.key;
  if (config.has("rope_parameters")) {
    const sdk::Config now = config.table("rope_parameters").table(kind);
    const std::optional<double> theta = now.find_double("rope_theta");
    refuse_two_spellings(config, base.key, out.theta, base.theta, theta);
    if (theta) out.theta = *theta, theta_key = now.full("rope_theta");
    out.partial_factor = now.get_double("partial_rotary_factor", 1);
    out = scaled(config, now, /*now=*/true, std::move(out));
  } else if (scaled_too) {
    out = scaled(config, config.table("rope_scaling"), /*now=*/false, std::move(out));
  }
  if (!(out.theta > 0))
    throw sdk::invalid(theta_key + " is " + std::to_string(out.theta) + "; expected a number above 0", theta_key);
  return out;
}

}  // namespace

RotaryConfig RotaryConfig::from(const sdk::Config& config, std::int64_t head_dim, double theta, double partial_factor,
                                double usual_theta) {
  const std::string spelling = spelling_of(config, theta, partial_factor, usual_theta);
  return scaled(config, config.table(spelling), spelling == "rope_parameters",
                {.head_dim = head_dim,
                 .theta = theta,
                 .partial_factor = partial_factor,
                 .max_positions = config.get_int("max_position_embeddings")});
}

RotaryPair RotaryPair::fields(const sdk::Fields& settings, std::int64_t head_dim, const Defaults& defaults) {
  const Base &full = defaults.full, &sliding = defaults.sliding;
  sdk::Schema keys = tables(defaults.max_positions,
                            "transformers 5's spelling: a table full_attention and one sliding_attention, each with "
                            "its base");
  add_members(keys, "rope_scaling", /*now=*/false);
  for (const char* kind : {full_kind, sliding_kind})
    add_members(keys, "rope_parameters." + std::string(kind), /*now=*/true);
  keys.insert(keys.begin() + 1,
              {sdk::number(full.key, full.theta, "base of the rotary frequencies of layers that see all"),
               sdk::number(sliding.key, sliding.theta, "that of layers with a window; null: the same").nullable()});
  return settings.custom(keys, RotaryPair(), [&](const sdk::Config& config) {
    const sdk::Config now = config.table("rope_parameters");
    for (const char* key : {"rope_theta", "rope_type", "type", "chunked_attention"})
      if (now.has(key))
        throw sdk::invalid(now.full(key) + " is given; expected the tables full_attention and sliding_attention",
                           now.full(key));
    RotaryConfig out{.head_dim = head_dim,
                     .theta = config.get_double(full.key, full.theta),
                     .max_positions = config.get_int("max_position_embeddings")};
    RotaryPair pair{.full = of_kind(config, full_kind, full, /*scaled_too=*/true, out), .sliding = {}};
    if (config.type(sliding.key) != WELT_VALUE_NULL) out.theta = config.get_double(sliding.key, sliding.theta);
    pair.sliding = of_kind(config, sliding_kind, sliding, defaults.scale_sliding, std::move(out));
    return pair;
  });
}

Rotary::Rotary(RotaryConfig config) : config_(std::move(config)) {
  if (width() < 2 || width() > config_.head_dim) {
    throw sdk::invalid("rotary embeddings turn " + std::to_string(width()) + " of " + std::to_string(config_.head_dim) +
                           " dimensions of a head; expected 2 to all of them (an odd number is rounded up)",
                       "head_dim");
  }
  if (config_.type == "dynamic" && config_.dims() == 2) {
    throw sdk::invalid("dynamic rope scaling does not go with two rotated dimensions; expected any other number",
                       "head_dim");
  }
  if (config_.type == "yarn" && config_.dims() % 2 != 0) {
    throw sdk::invalid(
        "yarn was asked to turn " + std::to_string(config_.dims()) + " dimensions of a head; expected an even number",
        "head_dim");
  }
  if (config_.theta <= 0) {
    throw sdk::invalid(
        "the base of the rotary frequencies is " + std::to_string(config_.theta) + "; expected a number above 0",
        "rope_theta");
  }
}

std::int64_t Rotary::longrope_limit() const {
  return config_.longrope_positions > 0 ? config_.longrope_positions : config_.max_positions;
}

double Rotary::attention_factor() const {
  if (config_.attention_factor > 0) return config_.attention_factor;
  if (config_.type == "yarn") {
    if (config_.mscale != 0 && config_.mscale_all_dim != 0) {
      return mscale_of(config_.factor, config_.mscale) / mscale_of(config_.factor, config_.mscale_all_dim);
    }
    return mscale_of(config_.factor, 1);
  }
  if (config_.type == "longrope" && config_.factor > 1) {
    return std::sqrt(1 + std::log(config_.factor) / std::log(static_cast<double>(longrope_limit())));
  }
  return 1;
}

// R/2 inverse frequencies for a call whose longest position is `length` − 1.
std::vector<double> Rotary::frequencies(std::int64_t length) const {
  const auto dim = static_cast<double>(config_.dims());
  const auto half = static_cast<std::size_t>(width() / 2);
  double base = config_.theta;
  if (config_.type == "dynamic") {
    const auto limit = static_cast<double>(config_.max_positions);
    const double reach = std::max(static_cast<double>(length), limit);
    base *= std::pow(config_.factor * reach / limit - (config_.factor - 1), dim / (dim - 2));
  }
  std::vector<double> out(half);
  for (std::size_t i = 0; i < half; ++i) out[i] = std::pow(base, -2.0 * static_cast<double>(i) / dim);

  if (config_.type == "linear") {
    for (double& f : out) f /= config_.factor;
  } else if (config_.type == "yarn") {
    const auto original =
        static_cast<double>(config_.original_positions > 0 ? config_.original_positions : config_.max_positions);
    const auto dimension = [&](double turns) {
      return dim * std::log(original / (turns * 2 * std::numbers::pi)) / (2 * std::log(base));
    };
    double low = dimension(config_.beta_fast), high = dimension(config_.beta_slow);
    if (config_.truncate) low = std::floor(low), high = std::ceil(high);
    low = std::max(low, 0.0), high = std::min(high, dim - 1);
    if (low == high) high += 0.001;
    for (std::size_t i = 0; i < half; ++i) {
      const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
      out[i] = out[i] / config_.factor * ramp + out[i] * (1 - ramp);
    }
  } else if (config_.type == "longrope") {
    const std::vector<double>& stretch = length > longrope_limit() ? config_.long_factor : config_.short_factor;
    for (std::size_t i = 0; i < half; ++i) out[i] /= stretch[i];
  } else if (config_.type == "llama3") {
    const auto original = static_cast<double>(config_.original_positions);
    for (double& f : out) {
      const double turns = original * f / (2 * std::numbers::pi);  // over the original context
      if (turns > config_.high_freq_factor) continue;
      if (turns < config_.low_freq_factor) {
        f /= config_.factor;
      } else {
        const double smooth = (turns - config_.low_freq_factor) / (config_.high_freq_factor - config_.low_freq_factor);
        f = (1 - smooth) * f / config_.factor + smooth * f;
      }
    }
  }
  return out;
}

RotaryTable Rotary::table(const at::Tensor& positions, std::int64_t longest, at::ScalarType type) const {
  const at::NoGradGuard no_grad;
  const std::int64_t length = longest + 1;
  const auto build = [&](const at::Tensor& at_positions) {  // I64 [P] → [P, R/2]
    std::vector<double> inverse = frequencies(length);
    const at::Tensor row = at::from_blob(inverse.data(), {width() / 2}, at::kDouble).to(at_positions.device());
    const at::Tensor angle = at::outer(at_positions.to(at::kDouble), row);
    return RotaryTable{(at::cos(angle) * attention_factor()).to(type), (at::sin(angle) * attention_factor()).to(type)};
  };
  // On another device `longest` is not known for sure (row_plan.h), and a table may not be long enough.
  const bool known = positions.device().is_cpu();
  if (length > longest_kept_table || positions.numel() == 0 || !known) return build(positions);

  // `dynamic` changes with every length beyond the limit, longrope once; the others never.
  std::int64_t key = 0;
  if (config_.type == "dynamic") key = std::max(length, config_.max_positions);
  if (config_.type == "longrope") key = length > longrope_limit() ? 1 : 0;
  if (!cos_.defined() || cos_.scalar_type() != type || cos_.size(0) < length || kept_key_ != key) {
    std::int64_t rows = 64;
    while (rows < length) rows *= 2;
    const RotaryTable all = build(at::arange(rows, at::kLong));
    cos_ = all.cos, sin_ = all.sin, kept_key_ = key;
  }
  return {at::index_select(cos_, 0, positions), at::index_select(sin_, 0, positions)};
}

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::int64_t half = cos.size(-1), rest = x.size(-1) - 2 * half;
  const at::Tensor heads = x.transpose(1, 2);                   // [n, H, T, d]
  const at::Tensor c = cos.unsqueeze(1), s = sin.unsqueeze(1);  // [n, 1, T, R/2]
  const at::Tensor a = heads.narrow(-1, 0, half), b = heads.narrow(-1, half, half);
  const at::Tensor first = a * c - b * s, second = b * c + a * s;  // [n, H, T, R/2]
  if (rest == 0) return at::cat({first, second}, -1);
  return at::cat({first, second, heads.narrow(-1, 2 * half, rest)}, -1);
}

}  // namespace welt::nn
