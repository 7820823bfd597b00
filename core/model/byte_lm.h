// The plain byte-level model, model.kind = "byte_lm": the decoder alone, over the bytes of whole documents. It is what
// every word-level result is to be measured against, and the same WeltModel without encoders, latent transformer and
// the mappings between them: its specification has no latent transformer.
//
//   packed rows [BOS, bytes of a document][BOS, bytes of the next] … ─ byte table ─ decoder ─ head ─ next byte, or EOS
//
// Its batches are those of core/data with each byte a word and a label one byte: packing, documents, positions, prefix
// blocks and resuming are shared. What it reads and writes is in UTF-8; the segmenter only says which bytes of what it
// writes are a word.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/model/welt_model.h"
#include "core/recipe/recipe.h"

namespace welt {

inline constexpr const char* byte_lm_kind = "byte_lm";

struct ModelKind {
  std::string_view name;
  std::string_view help;  // a few words
};
const std::vector<ModelKind>& model_kinds();

bool is_byte_lm(const Recipe& recipe);
inline bool is_byte_lm(const WeltSpec& spec) { return spec.latent.type == nullptr; }

// What runs over the words of a text: the latent transformer, or over bytes the decoder.
inline const SlotSpec& over_text(const WeltSpec& spec) { return is_byte_lm(spec) ? spec.decoder : spec.latent; }
inline TensorComponent& over_text(WeltModel& model) {
  return is_byte_lm(model.spec()) ? model.decoder() : model.latent_transformer();
}

// Throws Error naming every key whose value says something of words, which a byte_lm does not have.
void refuse_word_keys(const Recipe& recipe);
// Throws Error for a byte_lm, which has no `what`.
void require_words(const WeltSpec& spec, std::string_view what);

// How Dataset::open() is to cut its text.
void split_into_bytes(std::string_view text, std::vector<std::uint64_t>& ends);
// Labels of a batch: the divisor of its loss.
std::int64_t label_count(const Batch& batch);

// WeltModel's passes of a byte_lm.
LossSums forward_backward_bytes(WeltModel& model, const Objective& objective, const Batch& batch, double divisor,
                                bool amp, PassStatistics* statistics, const at::Tensor* nats);
LossSums evaluate_bytes(WeltModel& model, const Batch& batch, bool amp);

}  // namespace welt
