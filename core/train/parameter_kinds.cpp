// See parameter_kinds.h.
#include "core/train/parameter_kinds.h"

#include <algorithm>

namespace welt {
namespace {

// The head stands beside the decoder's body, directly under its prefix: bytes_decoder.lm_head.weight, and of a model of
// units bytes_decoder.model.lm_head.weight (where a norm of the body may stand, too, which is no matrix).
bool is_head(const ModelParameter& parameter) {
  std::string_view name = parameter.name;
  const auto cut = [&](std::string_view prefix) {
    if (!name.starts_with(prefix)) return false;
    name.remove_prefix(prefix.size());
    return true;
  };
  if (parameter.table || !cut("bytes_decoder.")) return false;
  const bool matrix = parameter.tensor.dim() == 2;
  if (matrix) cut("model.");
  return std::ranges::count(name, '.') == 1 && name.ends_with(matrix ? ".weight" : ".bias");
}

}  // namespace

ParameterKind kind_of(const ModelParameter& parameter) {
  if (is_head(parameter)) return ParameterKind::head;
  // A byte table's projection is multiplied by bits; a table of biases is no nn.Embedding there.
  if (parameter.table && parameter.tensor.dim() == 2 && parameter.name.ends_with(".weight"))
    return ParameterKind::embedding;
  return parameter.tensor.dim() == 2 && parameter.decay ? ParameterKind::matrix : ParameterKind::vector;
}

std::string_view kind_name(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::matrix:
      return "matrix";
    case ParameterKind::embedding:
      return "embedding";
    case ParameterKind::head:
      return "head";
    default:
      return "vector";
  }
}

bool learns_while_frozen(const ModelParameter& parameter, const std::vector<ModelParameter>& all) {
  static constexpr std::string_view projection = "bit_proj_w", base = "embeddings.weight";
  const std::string& name = parameter.name;
  if (is_head(parameter) || part_of(parameter) == "mappings" || name.ends_with(projection)) return true;
  if (!name.ends_with(base)) return false;
  const std::string sibling = name.substr(0, name.size() - base.size()) + std::string(projection);
  return std::ranges::any_of(all, [&](const ModelParameter& other) { return other.name == sibling; });
}

const std::vector<std::string>& trained_parts() {
  static const std::vector<std::string> parts{"bytes_encoder", "image_encoder", "latent", "decoder", "mappings"};
  return parts;
}

std::string part_of(const ModelParameter& parameter) {
  if (parameter.group == "latent_transformer") return "latent";
  if (parameter.group == "bytes_decoder") return "decoder";
  if (parameter.group == "bytes_encoder" || parameter.group == "image_encoder") return parameter.group;
  return "mappings";
}

}  // namespace welt
