// See auxiliary_heads.h.
#include "core/model/auxiliary_heads.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <span>

#include "core/base/error.h"
#include "core/kernels/linear.h"
#include "core/kernels/rms_norm.h"
#include "core/text/control.h"

namespace welt {
namespace {

AuxiliaryHead make_head(std::string name, std::int64_t latent_width, std::int64_t decoder_input,
                        const at::TensorOptions& options) {
  AuxiliaryHead head{.name = std::move(name)};
  head.weight =
      at::empty({decoder_input, latent_width}, options).normal_(0.0, mapping_initializer_range).requires_grad_();
  head.bias = at::zeros({decoder_input}, options).requires_grad_();
  head.norm = at::ones({decoder_input}, options).requires_grad_();
  return head;
}

// What structures a text is shown, and so is padding.
bool may_be_masked(std::span<const std::uint8_t> word) {
  return !word.empty() && !(word.size() == 1 && (word[0] == pad_byte || control::is_control(word[0])));
}

}  // namespace

void add_auxiliary_keys(std::vector<RecipeKey>& keys) {
  keys.push_back({"train.further_weight", "number", 0.3,
                  "What a byte of the words that model.further_words spells weighs in training, one of the next word "
                  "being 1",
                  0, 100});
  keys.push_back({"train.mask_words", "number", 0.0,
                  "Share of words whose vector a learnt one takes the place of; they are spelt from what stands around "
                  "them, as a loss of its own",
                  0, 0.9});
  keys.push_back({"train.mask_weight", "number", 1.0,
                  "What a byte of a masked word weighs in training, one of the next word being 1", 0, 100});
}

AuxiliaryOptions auxiliary_options(const Recipe& recipe, const WeltSpec& spec) {
  const AuxiliaryOptions options{.further_weight = spec.further_words > 0 ? recipe.number("train.further_weight") : 0,
                                 .mask_share = recipe.number("train.mask_words"),
                                 .mask_weight = recipe.number("train.mask_weight")};
  if (options.mask_share > 0 && !spec.masked_words)
    fail({recipe.where("train.mask_words") + ": train.mask_words",
          "words are to be masked, but the model that training starts from has no vector for that",
          "a model that was made with train.mask_words",
          "Give model.init_from with model.init_strict = false in place of model.from, or leave train.mask_words out"},
         ErrorCode::failed_precondition);
  return options;
}

at::Tensor AuxiliaryHead::latents(const at::Tensor& hidden) const {
  return welt_rms_norm(linear(hidden, weight, bias), norm);
}

AuxiliaryHeads::AuxiliaryHeads(const WeltSpec& spec, std::int64_t latent_width, std::int64_t decoder_input,
                               const at::TensorOptions& options) {
  const std::string group = auxiliary_group;
  for (std::int32_t i = 0; i < spec.further_words; ++i)
    further.push_back(make_head(fmt::format("{}.further.{}", group, i), latent_width, decoder_input, options));
  if (!spec.masked_words) return;
  masked = make_head(group + ".masked", latent_width, decoder_input, options);
  mask = at::empty({latent_width}, options).normal_(0.0, mapping_initializer_range).requires_grad_();
}

std::vector<AuxiliaryHeads::Named> AuxiliaryHeads::tensors() {
  std::vector<Named> all;
  const auto add = [&](AuxiliaryHead& head) {
    all.push_back({head.name + ".weight", &head.weight, true});
    all.push_back({head.name + ".bias", &head.bias, false});
    all.push_back({head.name + ".norm.weight", &head.norm, false});
  };
  for (AuxiliaryHead& head : further) add(head);
  if (!masked) return all;
  add(*masked);
  all.push_back({std::string(auxiliary_group) + ".mask", &mask, false});
  return all;
}

at::Tensor AuxiliaryHeads::mask_row(const at::Tensor& encoder_norm) const {
  return welt_rms_norm(mask.view({1, -1}), encoder_norm);
}

DecoderPlan plan_further_words(const Batch& batch, std::int64_t ahead, std::int64_t chunk_tokens) {
  std::vector<SpelledWord> words;
  for (std::int64_t slot = 0; slot < std::ssize(batch.input); ++slot) {
    const std::int64_t before = slot + ahead;  // the slot whose next word it is
    if (batch.input[slot] < 0 || slot % batch.words + ahead >= batch.words || batch.label[before] < 0) continue;
    if (batch.document.empty() || batch.document[slot] == batch.document[before])
      words.push_back({.slot = slot, .word = batch.label[before]});
  }
  return plan_spelling(batch.table, words, chunk_tokens);
}

std::vector<std::uint8_t> draw_masked(const Batch& batch, double share) {
  const at::Tensor draws = at::rand({std::ssize(batch.input)}, at::TensorOptions(at::kDouble));
  const double* const draw = draws.const_data_ptr<double>();
  std::vector<std::uint8_t> masked(batch.input.size());
  for (std::size_t slot = 0; slot < masked.size(); ++slot)
    masked[slot] = draw[slot] < share && batch.input[slot] >= 0 && may_be_masked(batch.table.word(batch.input[slot]));
  return masked;
}

void mask_words(StepPlan& plan, const Batch& batch, const std::vector<std::uint8_t>& masked,
                std::int64_t chunk_tokens) {
  std::vector<SpelledWord> words;
  for (std::size_t slot = 0; slot < masked.size(); ++slot) {
    if (masked[slot] == 0) continue;
    plan.latent.word_row[slot] = plan.words.rows();
    words.push_back({.slot = static_cast<std::int64_t>(slot), .word = batch.input[slot]});
  }
  plan.masked = plan_spelling(batch.table, words, chunk_tokens);
}

}  // namespace welt
