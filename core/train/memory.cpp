// See memory.h.
#include "core/train/memory.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/resources.h"
#include "core/model/auxiliary_heads.h"
#include "core/model/byte_lm.h"
#include "core/model/model_info.h"
#include "core/train/optimizers.h"

namespace welt {
namespace {

constexpr std::int64_t word_positions = 6;          // BOS, 4 bytes, EOS
constexpr std::int64_t decoder_word_positions = 5;  // behind the latents: BOS, 4 bytes

// Positions of a step that a part of the model computes before its backward pass.
std::int64_t positions(const Recipe& recipe, const WeltSpec& spec, std::int64_t rows, const std::string& group) {
  const std::int64_t words = rows * recipe.integer("train.words");
  if (is_byte_lm(spec) || group == "latent_transformer") return words;
  // A latent is mapped for each word that the decoder reads it before.
  if (group == "decoder_mapping" || group == "decoder_norm") return words * spec.decoder_context;
  if (group == auxiliary_group) return words;
  if (group == "bytes_decoder")
    return std::min(recipe.integer("train.decoder_chunk_tokens"),
                    words * (spec.decoder_context + decoder_word_positions));
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

// Of the state that the recipe's optimizer keeps of these parameters, which need no memory themselves.
std::int64_t state_bytes(const Recipe& recipe, const WeltModel& outline) {
  const std::unique_ptr<Optimizer> optimizer = optimizer_of(recipe)(outline.parameters());
  std::int64_t bytes = 0;
  for (const auto& [name, state] : optimizer->state())
    bytes += state->numel() * static_cast<std::int64_t>(state->element_size());
  return bytes;
}

// Of a step that computes `rows` rows at once.
std::int64_t activation_bytes(const Recipe& recipe, const WeltModel& outline, std::int64_t rows) {
  const std::int64_t computed = recipe.string("precision") == "fp32" ? 4 : 2;
  std::int64_t bytes = 0;
  for (const ModelParameter& parameter : outline.parameters())
    if (!parameter.table && parameter.tensor.dim() == 2)
      bytes += positions(recipe, outline.spec(), rows, parameter.group) *
               (parameter.tensor.size(0) + parameter.tensor.size(1)) * computed;
  return bytes;
}

WeltModel outline_of(const Recipe& recipe, WeltSpec spec) {
  spec.dtype = weights_dtype(recipe);  // a checkpoint's may be another
  return WeltModel::outline(std::move(spec));
}

}  // namespace

std::string MemoryNeed::text() const { return gigabytes(total()); }

MemoryNeed memory_need(const Recipe& recipe, const WeltSpec& spec, std::int64_t rows) {
  const WeltModel outline = outline_of(recipe, spec);
  const ModelInfo counted = count_model(outline);
  return {.weights = counted.weight_bytes,
          .gradients = counted.gradient_bytes,
          .optimizer = state_bytes(recipe, outline),
          .activations = activation_bytes(recipe, outline, rows)};
}

FreeMemory free_memory(const Recipe& recipe) {
  const auto allowed = static_cast<std::int64_t>(recipe.number("train.memory_gb") * 1e9);
  const std::int64_t there = available_memory();
  if (allowed > 0 && (there == 0 || allowed < there))
    return {allowed, fmt::format("train.memory_gb = {} allows no more", recipe.number("train.memory_gb"))};
  return {there, fmt::format("this machine has {} free", gigabytes(there))};
}

void refuse_memory(const Recipe& recipe, const WeltSpec& spec, const MemoryNeed& need, const FreeMemory& free,
                   const std::string& smaller_batch) {
  const bool too_large = need.total() - need.activations > free.bytes;
  fail({recipe.path().string(),
        fmt::format("training needs {} of memory at least (weights {}, gradients {}, the optimizer's moments {}, "
                    "activations of a batch about {}); {}. Largest parts: {}",
                    gigabytes(need.total()), gigabytes(need.weights), gigabytes(need.gradients),
                    gigabytes(need.optimizer), gigabytes(need.activations), free.text,
                    largest_parts(count_model(outline_of(recipe, spec)).parts)),
        "a model and a batch that fit",
        too_large ? "Choose a smaller model (preset or config of the largest part), precision = \"bf16\", or "
                    "train.optimizer = \"adafactor\", whose state is small"
                  : smaller_batch},
       ErrorCode::resource_exhausted);
}

}  // namespace welt
