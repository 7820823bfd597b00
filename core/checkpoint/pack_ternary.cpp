// See pack_ternary.h.
#include "core/checkpoint/pack_ternary.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <fmt/format.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>

#include <welt/common/ternary.h>
#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/plugin/registry.h"
#include "core/plugin/schema.h"
#include "core/tensor/tensor_component.h"

namespace welt {
namespace {

constexpr std::string_view key = "packed_weights";

bool has_key(const ComponentType& type) {
  return type.schema != nullptr &&
         std::ranges::any_of(schema_keys(type), [](const SchemaKey& one) { return one.name == key; });
}

}  // namespace

TernaryPlan::TernaryPlan(const nlohmann::json& config, const std::filesystem::path& where)
    : config_(config), where_(where.string()) {
  const auto is_of = [](const nlohmann::json& one, const char* type) {
    const auto found = one.find("model_type");
    return found != one.end() && *found == type;
  };
  if (is_of(config_, "welt")) {
    const std::pair<const char*, const char*> parts[] = {{"bytes_encoder", WELT_BYTES_ENCODER_INTERFACE},
                                                         {"latent_transformer", WELT_LATENT_TRANSFORMER_INTERFACE},
                                                         {"bytes_decoder", WELT_DECODER_INTERFACE}};
    for (const auto& [slot, role] : parts)
      if (config_.contains(slot) && config_[slot].is_object() && !is_of(config_[slot], "noop_model"))
        add_part(config_[slot], role, std::string(slot) + ".");
  } else {
    add_part(config_, WELT_DECODER_INTERFACE, "");
  }
  if (names_.empty())
    fail({.where = where_,
          .found = "no part whose layers compute with ternary weights, or they are packed already",
          .expected = fmt::format("a plugin with the key {}", key),
          .mend = "Leave --ternary out: other weights would not survive it"});
}

void TernaryPlan::add_part(nlohmann::json& config, std::string_view role, const std::string& prefix) {
  const ComponentType& type = Registry::instance().find_for_config(role, config);
  if (!has_key(type)) return;
  const std::string name(key);
  if (ConfigView(type, config, /*strict=*/false, where_).json().at(name).get<bool>()) return;
  config[name] = true;
  const ConfigView view(type, config, /*strict=*/false, where_);
  const TensorComponent component(type, role, view, WELT_INIT_NONE);
  const std::string base = component.base_prefix() + ".";  // files have names with it and without
  for (const NamedParameter& parameter : component.parameters()) {
    if (!parameter.name.ends_with(packed_ending)) continue;
    const std::size_t from = parameter.name.starts_with(base) ? base.size() : 0;
    names_.push_back({prefix, parameter.name.substr(from, parameter.name.size() - packed_ending.size() - from)});
  }
}

bool TernaryPlan::packs(std::string_view name) const {
  return std::ranges::any_of(names_, [&](const Name& one) {
    if (!name.starts_with(one.prefix) || !name.ends_with(one.ending)) return false;
    const std::size_t before = name.size() - one.ending.size();
    return before == 0 || name[before - 1] == '.';
  });
}

at::Tensor ternary_mean(const at::Tensor& weight, std::string_view name) {
  const at::Tensor wide = weight.to(at::kFloat);
  if (!at::isfinite(wide).all().item<bool>())
    fail({.where = std::string(name),
          .found = "values that are not finite",
          .expected = "numbers to be rounded to -1, 0 and 1",
          .mend = "`welt checkpoint inspect --check` counts them"});
  return wide.abs().mean().clamp_min(ternary::least_mean).reshape({1});
}

at::Tensor ternary_codes(const at::Tensor& weight, std::string_view name) {
  const float mean = ternary_mean(weight, name).item<float>();
  const at::Tensor wide = weight.to(at::kFloat).contiguous();
  const std::int64_t out = wide.size(0), in = wide.size(1), bytes = ternary::row_bytes(in);
  at::Tensor codes = at::empty({out, bytes}, at::kByte);
  for (std::int64_t row = 0; row < out; ++row)
    ternary::pack_row(wide.const_data_ptr<float>() + row * in, in, mean,
                      codes.mutable_data_ptr<std::uint8_t>() + row * bytes);
  return codes;
}

}  // namespace welt
