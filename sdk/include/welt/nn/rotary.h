// Rotary position embeddings in the half-rotation layout, with every rope_scaling type of transformers 4.57.
//
// Follows modeling_rope_utils.py: default, linear, dynamic, yarn, longrope, llama3; transformers 5's spelling too, also
// by kind of layer. Frequencies and tables are computed in float64 and then cast. Where transformers keeps state
// between calls (`dynamic` stays at the longest length seen), this depends on the call alone: the longest position of
// the call decides.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::nn {

// What the frequencies depend on.
struct RotaryConfig {
  std::int64_t head_dim = 0;
  static constexpr double default_theta = 10000;
  double theta = default_theta, partial_factor = 1;
  std::int64_t max_positions = 0;
  std::string type = "default";
  double factor = 1;
  std::int64_t original_positions = 0;  // rope_scaling.original_max_position_embeddings; 0: not given
  double attention_factor = 0;          // 0: as the type computes it
  double beta_fast = 32, beta_slow = 1, mscale = 0, mscale_all_dim = 0;
  bool truncate = true;
  std::vector<double> short_factor = {}, long_factor = {};
  double low_freq_factor = 1, high_freq_factor = 4;
  std::int64_t longrope_positions = 0;  // longrope: original_max_position_embeddings of the config itself

  // The keys max_position_embeddings, rope_theta, rope_scaling and rope_parameters, with the class's defaults, as one
  // member of a settings struct: nn::RotaryConfig rotary = nn::RotaryConfig::fields(*this, head_width, {.max_positions
  // = 2048});
  struct Defaults {
    std::int64_t max_positions;
    double theta = default_theta;
  };
  static RotaryConfig fields(const sdk::Fields& settings, std::int64_t head_dim, const Defaults& defaults);
  // Those but rope_theta, with the members of the tables.
  static sdk::Schema scaling_keys(std::int64_t max_positions);

  // Reads max_position_embeddings and rope_scaling, or rope_parameters (transformers 5), whose rope_theta and
  // partial_rotary_factor then count. `usual_theta`: the default of the key that `theta` is from. Throws Failure naming
  // the key, also where two spellings are given.
  static RotaryConfig from(const sdk::Config& config, std::int64_t head_dim, double theta, double partial_factor,
                           double usual_theta = default_theta);

  // What the exponents of the frequencies divide by: head_dim · partial_factor, cut off to a whole number.
  std::int64_t dims() const { return static_cast<std::int64_t>(static_cast<double>(head_dim) * partial_factor); }
  // R, dimensions that turn, in pairs: dims() or, where that is odd, one more.
  std::int64_t width() const { return dims() + dims() % 2; }
};

// For classes whose layers see either all positions or a window of them, with frequencies of their own for each kind.
struct RotaryPair {
  RotaryConfig full, sliding;

  // As RotaryConfig::fields(). The bases have a key each; null in the second is the first's. transformers 5 has a table
  // for each kind in rope_parameters, "full_attention" and "sliding_attention", in place of these and rope_scaling.
  struct Base {
    std::string key;
    double theta;
  };
  struct Defaults {
    std::int64_t max_positions;
    Base full, sliding;
    bool scale_sliding;  // rope_scaling holds for both kinds; false: for layers that see all only
  };
  static RotaryPair fields(const sdk::Fields& settings, std::int64_t head_dim, const Defaults& defaults);
};

// cos and sin [tokens, R/2], R rotated dimensions, already times the attention factor.
struct RotaryTable {
  at::Tensor cos, sin;
};

class Rotary {
 public:
  explicit Rotary(RotaryConfig config);
  // positions I64 [tokens]; `longest`: their maximum (dynamic and longrope choose frequencies by it).
  RotaryTable table(const at::Tensor& positions, std::int64_t longest, at::ScalarType type) const;
  std::int64_t width() const { return config_.width(); }  // R

 private:
  std::vector<double> frequencies(std::int64_t length) const;
  double attention_factor() const;
  std::int64_t longrope_limit() const;  // longest row that uses the short factors

  RotaryConfig config_;
  // Tables of all positions from 0, kept between calls as long as frequencies and dtype stay the same. [instance]
  mutable at::Tensor cos_, sin_;
  mutable std::int64_t kept_key_ = -1;
};

// Rotates the first R of d dimensions.   x [n, T, H, d], cos and sin [n, T, R/2] → [n, H, T, d] contiguous
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

}  // namespace welt::nn
