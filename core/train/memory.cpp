// See memory.h.
#include "core/train/memory.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/resources.h"
#include "core/model/byte_lm.h"
#include "core/model/model_info.h"

namespace welt {
namespace {

constexpr std::int64_t word_positions = 6;  // BOS, 4 bytes, EOS

// Positions of a step that a part of the model computes before its backward pass.
std::int64_t positions(const Recipe& recipe, const std::string& group) {
  const std::int64_t words = recipe.integer("train.batch") * recipe.integer("train.words");
  if (group == "latent_transformer" || group == "decoder_mapping" || group == "decoder_norm") return words;
  if (is_byte_lm(recipe)) return words;
  if (group == "bytes_decoder") return std::min(recipe.integer("train.decoder_chunk_tokens"), words * word_positions);
  if (group == "encoder_mapping" || group == "encoder_norm") return words / 2;
  return words / 2 * word_positions;
}

std::string gigabytes(std::int64_t bytes) { return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9); }

// "latent_transformer 6500.0 million parameters, bytes_decoder 3.1 million parameters", the largest first.
std::string largest_parts(std::vector<PartInfo> parts) {
  std::ranges::sort(parts, std::greater(), &PartInfo::parameters);
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(parts.size(), 3); ++i)
    text += fmt::format("{}{} {:.1f} million parameters", i == 0 ? "" : ", ", parts[i].name,
                        static_cast<double>(parts[i].parameters) / 1e6);
  return text;
}

struct MemoryNeed {
  std::int64_t weights = 0, gradients = 0, moments = 0;  // bytes, exact: those of ModelInfo
  // Bytes of what a step keeps for its backward pass, at least: the inputs and outputs of all products, for the rows of
  // a batch, words of 4 bytes (6 positions), half of them distinct. A plugin may keep more, or with activation
  // checkpointing less.
  std::int64_t activations = 0;
  std::int64_t total() const { return weights + gradients + moments + activations; }
};

MemoryNeed memory_need(const Recipe& recipe, const WeltModel& outline, const ModelInfo& counted) {
  MemoryNeed need{
      .weights = counted.weight_bytes, .gradients = counted.gradient_bytes, .moments = counted.optimizer_bytes};
  const std::int64_t computed = recipe.string("precision") == "fp32" ? 4 : 2;
  for (const ModelParameter& parameter : outline.parameters())
    if (!parameter.table && parameter.tensor.dim() == 2)
      need.activations +=
          positions(recipe, parameter.group) * (parameter.tensor.size(0) + parameter.tensor.size(1)) * computed;
  return need;
}

}  // namespace

void check_memory(const Recipe& recipe, WeltSpec spec) {
  spec.dtype = weights_dtype(recipe);  // a checkpoint's may be another
  const WeltModel outline = WeltModel::outline(std::move(spec));
  const ModelInfo counted = count_model(outline);
  const MemoryNeed need = memory_need(recipe, outline, counted);
  const std::int64_t free = available_memory();
  if (free == 0 || need.total() <= free) return;
  fail(
      {recipe.path().string(),
       fmt::format("training needs {} of memory at least (weights {}, gradients {}, the optimizer's moments {}, "
                   "activations of a batch about {}); this machine has {} free. Largest parts: {}",
                   gigabytes(need.total()), gigabytes(need.weights), gigabytes(need.gradients), gigabytes(need.moments),
                   gigabytes(need.activations), gigabytes(free), largest_parts(counted.parts)),
       "a model and a batch that fit",
       need.total() - need.activations > free
           ? "Choose a smaller model (preset or config of the largest part), or precision = \"bf16\""
           : "Lower train.batch (and raise train.accumulate), train.words or train.decoder_chunk_tokens"},
      ErrorCode::resource_exhausted);
}

}  // namespace welt
