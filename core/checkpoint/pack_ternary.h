// Which weights of a checkpoint may be kept in 2 bits, and how they are then: for `welt checkpoint convert --ternary`.
//
// A plugin whose layers compute with weights of −1, 0 and 1 has the key `packed_weights`; with it on, a layer has
// `<layer>.weight_packed` (welt/common/ternary.h) and `<layer>.weight_mean` in place of `<layer>.weight`.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

// Of the name of a packed matrix; what stands before is that of the matrix.
constexpr std::string_view packed_ending = "_packed";

class TernaryPlan {
 public:
  // Of a Hugging Face folder, or of the parts of a WeLT checkpoint, by its config.json. Throws Error where no part has
  // such layers, or all are packed already.
  TernaryPlan(const nlohmann::json& config, const std::filesystem::path& where);

  // config.json with `packed_weights` on in those parts.
  const nlohmann::json& config() const { return config_; }
  // Is it a matrix that such a layer has, by its name in the checkpoint?
  bool packs(std::string_view name) const;
  std::size_t matrices() const { return names_.size(); }  // that those parts have

 private:
  void add_part(nlohmann::json& config, std::string_view role, const std::string& prefix);

  nlohmann::json config_;
  std::string where_;
  struct Name {
    std::string prefix, ending;  // "latent_transformer.", "layers.0.attn.i_proj.weight"
  };
  std::vector<Name> names_;
};

// weight [out, in] of any floating dtype → the mean of |weight|, F32 [1], and codes U8 [out, bytes]. Throws Error where
// a value is not finite, naming the tensor.
at::Tensor ternary_mean(const at::Tensor& weight, std::string_view name);
at::Tensor ternary_codes(const at::Tensor& weight, std::string_view name);

}  // namespace welt
