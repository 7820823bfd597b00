// See memory.h.
#include "core/train/memory.h"

#include <algorithm>
#include <map>
#include <string>

#include "core/base/error.h"
#include "core/base/resources.h"

namespace welt {
namespace {

constexpr std::int64_t word_positions = 6;  // BOS, 4 bytes, EOS

// Positions of a step that a part of the model computes before its backward pass.
std::int64_t positions(const Recipe& recipe, const std::string& group) {
  const std::int64_t words = recipe.integer("train.batch") * recipe.integer("train.words");
  if (group == "latent_transformer" || group == "decoder_mapping" || group == "decoder_norm") return words;
  if (group == "bytes_decoder") return std::min(recipe.integer("train.decoder_chunk_tokens"), words * word_positions);
  if (group == "encoder_mapping" || group == "encoder_norm") return words / 2;
  return words / 2 * word_positions;
}

std::string gigabytes(std::int64_t bytes) { return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9); }

// "latent_transformer 6.5 billion parameters, bytes_decoder 3 million", the largest first.
std::string largest_parts(const WeltModel& outline) {
  std::map<std::string, std::int64_t> sizes;
  for (const ModelParameter& parameter : outline.parameters()) sizes[parameter.group] += parameter.tensor.numel();
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [name, size] : sizes) order.emplace_back(size, name);
  std::ranges::sort(order, std::greater());
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 3); ++i)
    text += fmt::format("{}{} {:.1f} million parameters", i == 0 ? "" : ", ", order[i].second,
                        static_cast<double>(order[i].first) / 1e6);
  return text;
}

}  // namespace

MemoryNeed memory_need(const Recipe& recipe, const WeltModel& outline) {
  MemoryNeed need;
  const std::int64_t value = outline.spec().dtype == at::kBFloat16 ? 2 : 4;
  const std::int64_t computed = recipe.string("precision") == "fp32" ? 4 : 2;
  for (const ModelTensor& tensor : outline.tensors()) need.weights += tensor.tensor.numel() * value;
  for (const ModelParameter& parameter : outline.parameters()) {
    need.gradients += parameter.tensor.numel() * value;
    if (parameter.table || parameter.tensor.dim() != 2) continue;
    need.activations +=
        positions(recipe, parameter.group) * (parameter.tensor.size(0) + parameter.tensor.size(1)) * computed;
  }
  need.moments = 2 * need.gradients;
  return need;
}

void check_memory(const Recipe& recipe, const WeltModel& outline) {
  const MemoryNeed need = memory_need(recipe, outline);
  const std::int64_t free = available_memory();
  if (free == 0 || need.total() <= free) return;
  fail({recipe.path().string(),
        fmt::format("training needs {} of memory at least (weights {}, gradients {}, the optimizer's moments {}, "
                    "activations of a batch about {}); this machine has {} free. Largest parts: {}",
                    gigabytes(need.total()), gigabytes(need.weights), gigabytes(need.gradients),
                    gigabytes(need.moments), gigabytes(need.activations), gigabytes(free), largest_parts(outline)),
        "a model and a batch that fit",
        need.total() - need.activations > free
            ? "Choose a smaller model (preset or config of the largest part), or precision = \"bf16\""
            : "Lower train.batch (and raise train.accumulate), train.words or train.decoder_chunk_tokens"},
       ErrorCode::resource_exhausted);
}

}  // namespace welt
