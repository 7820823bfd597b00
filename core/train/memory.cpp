// See memory.h.
#include "core/train/memory.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/resources.h"
#include "core/model/model_info.h"
#include "core/train/optimizers.h"

namespace welt {
namespace {

constexpr std::int64_t word_positions = 6;  // BOS, 4 bytes, EOS

// Positions of a step that a part of the model computes before its backward pass.
std::int64_t positions(const Recipe& recipe, std::int64_t rows, const std::string& group) {
  const std::int64_t words = rows * recipe.integer("train.words");
  if (group == "latent_transformer" || group == "decoder_mapping" || group == "decoder_norm") return words;
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
  std::int64_t weights = 0, gradients = 0, moments = 0;  // bytes, exact
  // Bytes of what a step keeps for its backward pass, at least: the inputs and outputs of all products, for the rows of
  // a batch, words of 4 bytes (6 positions), half of them distinct. A plugin may keep more, or with activation
  // checkpointing less.
  std::int64_t activations = 0;
  std::int64_t total() const { return weights + gradients + moments + activations; }
};

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
      bytes +=
          positions(recipe, rows, parameter.group) * (parameter.tensor.size(0) + parameter.tensor.size(1)) * computed;
  return bytes;
}

struct FreeMemory {
  std::int64_t bytes = 0;  // 0: not known
  std::string text;        // "this machine has 12.0 GB free"
};

FreeMemory free_memory(const Recipe& recipe) {
  const auto allowed = static_cast<std::int64_t>(recipe.number("train.memory_gb") * 1e9);
  const std::int64_t there = available_memory();
  if (allowed > 0 && (there == 0 || allowed < there))
    return {allowed, fmt::format("train.memory_gb = {} allows no more", recipe.number("train.memory_gb"))};
  return {there, fmt::format("this machine has {} free", gigabytes(there))};
}

}  // namespace

std::int64_t micro_batches(const Recipe& recipe, WeltSpec spec, std::int64_t least) {
  spec.dtype = weights_dtype(recipe);  // a checkpoint's may be another
  const WeltModel outline = WeltModel::outline(std::move(spec));
  const ModelInfo counted = count_model(outline);
  const std::int64_t batch = recipe.integer("train.batch");
  const bool automatic = recipe.boolean("train.auto_micro_batch");
  const FreeMemory free = free_memory(recipe);
  MemoryNeed need{
      .weights = counted.weight_bytes, .gradients = counted.gradient_bytes, .moments = state_bytes(recipe, outline)};
  std::int64_t whole = 0;  // what the batch would need
  for (std::int64_t pieces = least; pieces <= batch; ++pieces) {
    if (batch % pieces != 0) continue;
    need.activations = activation_bytes(recipe, outline, batch / pieces);
    if (whole == 0) whole = need.total();
    if (free.bytes == 0 || need.total() <= free.bytes) {
      if (pieces > least)
        log_info("train",
                 "a batch of {} rows needs about {}, and {}: it is computed in {} micro-batches of {} rows, whose "
                 "gradients are added",
                 batch / least, gigabytes(whole), free.text, pieces, batch / pieces);
      return pieces;
    }
    if (!automatic) break;
  }
  const bool too_large = need.total() - need.activations > free.bytes;
  fail({recipe.path().string(),
        fmt::format("training needs {} of memory at least (weights {}, gradients {}, the optimizer's state {}, "
                    "activations of {} about {}); {}. Largest parts: {}",
                    gigabytes(need.total()), gigabytes(need.weights), gigabytes(need.gradients),
                    gigabytes(need.moments), automatic ? "a single row" : "a batch", gigabytes(need.activations),
                    free.text, largest_parts(counted.parts)),
        "a model and a batch that fit",
        too_large ? "Choose a smaller model (preset or config of the largest part), precision = \"bf16\", or "
                    "train.optimizer = \"adafactor\", whose state is small"
        : automatic
            ? "Lower train.words or train.decoder_chunk_tokens"
            : "Set train.auto_micro_batch = true, or lower train.batch (and raise train.accumulate), train.words or "
              "train.decoder_chunk_tokens"},
       ErrorCode::resource_exhausted);
}

}  // namespace welt
