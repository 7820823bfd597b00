// What only training uses: heads that spell words other than the next one, and a vector that stands for masked words.
//
// The hidden state of a word goes through a head's own mapping and norm, as it goes through the decoder mapping and
// norm for the next word; the decoder, its table and its head are shared. [further]: the word after the next, the one
// behind that, … [masked]: a word that the latent transformer was not shown, from what stands around it. Evaluation and
// generation know none of it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/data/batch.h"
#include "core/model/step_plan.h"
#include "core/model/welt_spec.h"
#include "core/recipe/recipe.h"
#include "core/recipe/schema.h"

namespace welt {

// Names of their tensors in a checkpoint begin so; the Python WeLT has no such tensors.
inline constexpr const char* auxiliary_group = "auxiliary";

// Hugging Face's initialiser of layers that WeLT itself adds (PreTrainedModel._init_weights, initializer_range 0.02).
inline constexpr double mapping_initializer_range = 0.02;

// How much training learns by them: what a label byte of theirs weighs, that of the next word being 1.
struct AuxiliaryOptions {
  double further_weight = 0;  // 0: the heads for further words do not learn
  double mask_share = 0;      // of words that the mask vector takes the place of
  double mask_weight = 0;
};

void add_auxiliary_keys(std::vector<RecipeKey>& keys);
// Throws Error where words are to be masked for a model without a mask vector.
AuxiliaryOptions auxiliary_options(const Recipe& recipe, const WeltSpec& spec);

struct AuxiliaryHead {
  std::string name;         // "auxiliary.further.0"
  at::Tensor weight, bias;  // [E,D], [E]
  at::Tensor norm;          // [E]
  // hidden states [n,D] → latents [n,E]
  at::Tensor latents(const at::Tensor& hidden) const;
};

struct AuxiliaryHeads {
  std::vector<AuxiliaryHead> further;  // WeltSpec::further_words of them
  std::optional<AuxiliaryHead> masked;
  at::Tensor mask;  // [D], before the norm of word vectors; undefined without `masked`

  AuxiliaryHeads() = default;
  // Mappings start as the others do (normal, 0.02), biases at 0, norms at 1.
  AuxiliaryHeads(const WeltSpec& spec, std::int64_t latent_width, std::int64_t decoder_input,
                 const at::TensorOptions& options);

  struct Named {
    std::string name;
    at::Tensor* tensor;
    bool decay;
  };
  std::vector<Named> tensors();

  // The mask vector as a row beside word vectors: [1,D], through their norm.
  at::Tensor mask_row(const at::Tensor& encoder_norm) const;
};

// Rows of the head that spells the word `ahead` words behind the next one, of the same document.
DecoderPlan plan_further_words(const Batch& batch, std::int64_t ahead, std::int64_t chunk_tokens);

// Slots [B·W] that are masked: each word with probability `share`, but control characters and padding, by draws of the
// default generator.
std::vector<std::uint8_t> draw_masked(const Batch& batch, double share);

// Puts the row behind the last of plan.words, which is the mask vector's, in these slots, and plans their spelling.
void mask_words(StepPlan& plan, const Batch& batch, const std::vector<std::uint8_t>& masked, std::int64_t chunk_tokens);

}  // namespace welt
