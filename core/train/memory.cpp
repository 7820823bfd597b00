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
#include "core/kernels/linear.h"
#include "core/model/model_info.h"
#include "core/train/activations.h"
#include "core/train/optimizers.h"

namespace welt {
namespace {

// Of bfloat16's products oneDNN, where it makes them, compiles one for each shape; who reads images draws words.
constexpr std::int64_t program = 255'000'000, with_bf16 = 7'000'000, compiled = 35'000'000, drawing = 45'000'000;

std::int64_t program_bytes(const Recipe& recipe, const WeltModel& outline) {
  const std::int64_t products =
      recipe.string("precision") == "fp32" ? 0 : with_bf16 + (kernels::makes_products() ? 0 : compiled);
  return program + products + (outline.spec().reads_images() ? drawing : 0);
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

// Matrices that amp casts to bfloat16, once a step, for LibTorch's products; ours read them as they are.
std::int64_t copy_bytes(const Recipe& recipe, const WeltModel& outline) {
  if (recipe.string("precision") != "amp" || kernels::makes_products()) return 0;
  std::int64_t bytes = 0;
  for (const ModelParameter& parameter : outline.parameters())
    if (!parameter.table && parameter.tensor.dim() >= 2) bytes += 2 * parameter.tensor.numel();
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
          .copies = copy_bytes(recipe, outline),
          .activations = activation_bytes(recipe, outline, rows),
          .program = program_bytes(recipe, outline)};
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
                    gigabytes(need.least()), gigabytes(need.weights), gigabytes(need.gradients),
                    gigabytes(need.optimizer), gigabytes(need.copies + need.activations), free.text,
                    largest_parts(count_model(outline_of(recipe, spec)).parts)),
        "a model and a batch that fit",
        too_large ? "Choose a smaller model (preset or config of the largest part), precision = \"bf16\", or "
                    "train.optimizer = \"adafactor\", whose state is small"
                  : smaller_batch},
       ErrorCode::resource_exhausted);
}

}  // namespace welt
