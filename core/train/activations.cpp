// See activations.h.
#include "core/train/activations.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "core/kernels/instructions.h"
#include "core/kernels/linear.h"
#include "core/model/auxiliary_heads.h"
#include "core/model/byte_lm.h"
#include "core/model/model_info.h"
#include "core/train/recipe_keys.h"

namespace welt {
namespace {

constexpr double word_bytes = 5.3;      // of a word of English prose, with its space
constexpr double byte_classes = 256;    // logits of a position
constexpr double last_map_pixels = 32;  // of an image's side, to one of the last feature map of usual networks
constexpr double most_bytes = 1e17;     // more is as far from any memory, and can be added and multiplied still

// Share of `words` words of English prose that differ from those before them (measured on 128 to 32,768 words, off by
// 5 % at most), and the bytes of those: rare words are longer.
double distinct_share(double words) { return 1 / (1 + std::pow(words / 440, 0.413)); }
double distinct_bytes(double words) { return 5.9 + 0.205 * std::max(0.0, std::log2(words / 128)); }

// Positions of a step that each part of the model computes before its backward pass.
class Positions {
 public:
  Positions(const Recipe& recipe, const WeltModel& outline, std::int64_t rows)
      : words_(static_cast<double>(rows) * static_cast<double>(recipe.integer("train.words"))),
        context_(static_cast<double>(outline.spec().decoder_context)),
        byte_lm_(is_byte_lm(outline.spec())) {
    distinct_ = words_ * distinct_share(words_);
    const double row = word_bytes + 1 + context_;
    decoder_ =
        byte_lm_ ? words_ : std::min(static_cast<double>(recipe.integer("train.decoder_chunk_tokens")), words_ * row);
    for (const WeltModel::Part& part : outline.parts())
      if (part.slot == "image_encoder" && part.component != nullptr) {
        // A word's image is taken to be three times as wide as it is high: `welt model info` says the same.
        const ImageEncoderInfo& facts = part.component->image_encoder_info();
        const double height = static_cast<double>(image_height(outline.spec().renderer));
        // Where maps shrink from layer to layer most weights are multiplied with the smallest.
        const bool shrinks =
            !convolves_patches_only(*part.component) || !AttentionSizes::from(part.component->config());
        const double patch = shrinks ? last_map_pixels * last_map_pixels
                                     : static_cast<double>(facts.patch_height) * static_cast<double>(facts.patch_width);
        patches_ = 1 + 3 * height * height / patch;
        pixels_ = 3 * height * height * static_cast<double>(facts.channels);
      }
  }

  double of(const std::string& group) const {
    if (group == "bytes_decoder") return decoder_;
    if (group == "latent_transformer" || group == auxiliary_group) return words_;
    if (group == "decoder_mapping" || group == "decoder_norm") return words_ * context_;
    if (group == "encoder_mapping" || group == "encoder_norm") return distinct_;
    return group == "image_encoder" ? distinct_ * patches_ : distinct_ * (distinct_bytes(words_) + 2);
  }
  // Numbers of images as the network gets them.
  double image_numbers() const { return distinct_ * pixels_; }

 private:
  double words_, context_, distinct_, decoder_, patches_ = 0, pixels_ = 0;
  bool byte_lm_;
};

// Inputs and outputs of a part's products for one position.
std::map<std::string, double> numbers_of_parts(const WeltModel& outline) {
  std::map<std::string, double> numbers;
  for (const ModelParameter& parameter : outline.parameters()) {
    if (parameter.table || parameter.tensor.dim() < 2 || parameter.tensor.size(0) == 0) continue;
    const std::int64_t out = parameter.tensor.size(0);
    numbers[parameter.group] += static_cast<double>(out + parameter.tensor.numel() / out);
  }
  return numbers;
}

// Numbers of a position that are kept until the backward pass, and those that are there while a block is computed
// again.
struct Kept {
  double numbers, again = 0;
};

// With a block in `every` keeping its input alone (the residual and what is not yet added to it). Where whole blocks
// are kept, the last of them is gone before another is computed again. Embedding and last norm keep as much as two
// inputs.
Kept with_checkpoints(double numbers, const TensorComponent& component, std::int64_t every) {
  const std::optional<AttentionSizes> sizes = AttentionSizes::from(component.config());
  if (every == 0 || !sizes || sizes->layers < 1) return {numbers};
  const auto layers = static_cast<double>(sizes->layers), light = std::floor(layers / static_cast<double>(every));
  if (light < 1) return {numbers};
  const double block = numbers / layers, inputs = 2 * light + 2;
  const double kept = block * (layers - light) + inputs * static_cast<double>(sizes->heads * sizes->head_width);
  return {std::min(numbers, kept), light == layers ? block : 0};
}

// Bytes that a step takes for each of those numbers: values, gradients on their way, what is left between them. Less
// with the kernels, which keep inputs alone, and less again where they multiply too. Measured: bench/memory.py.
double bytes_of_a_number(const std::string& precision) {
  struct {
    double fp32, amp, bf16;
  } bytes{5.15, 5.5, 4.9};
  if (kernels::chosen_instructions() != nullptr) bytes = {3.85, 2.95, 2.55};
  if (kernels::makes_products()) bytes.amp = 2.45, bytes.bf16 = 2.0;
  return precision == "fp32" ? bytes.fp32 : precision == "bf16" ? bytes.bf16 : bytes.amp;
}

}  // namespace

std::int64_t activation_bytes(const Recipe& recipe, const WeltModel& outline, std::int64_t rows) {
  const Positions positions(recipe, outline, rows);
  const std::string precision = recipe.string("precision");
  std::map<std::string, Kept> kept;
  for (const auto& [group, numbers] : numbers_of_parts(outline)) kept[group] = {numbers};
  for (const WeltModel::Part& part : outline.parts())
    if (part.component != nullptr && kept.contains(part.slot))
      kept[part.slot] = with_checkpoints(kept[part.slot].numbers, *part.component,
                                         recipe.integer("train.activation_checkpoint_every"));
  double all = 2 * byte_classes * positions.of("bytes_decoder") + positions.image_numbers(),  // logits, their gradient
      again = 0;                                                                              // one block at a time
  for (const auto& [group, one] : kept) {
    all += one.numbers * positions.of(group);
    again = std::max(again, one.again * positions.of(group));
  }
  all += precision == "amp" && !kernels::makes_products() ? 2 * again : again;  // beside casts of twice its width
  return static_cast<std::int64_t>(std::min(all * bytes_of_a_number(precision), most_bytes));
}

}  // namespace welt
