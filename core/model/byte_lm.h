// The plain byte-level model, model.kind = "byte_lm": the decoder alone, over the bytes of whole documents. It is what
// every word-level result is to be measured against, and the same WeltModel without encoders, latent transformer and
// the mappings between them.
//
//   [BOS, bytes of a document] [BOS, bytes of the next] …  one packed row ─ byte table ─ decoder ─ head ─ next byte,
//   EOS
//
// Its batches are those of core/data with each byte a word (Batch::bytes): packing, documents, positions, prefix blocks
// and resuming are shared. The passes are WeltModel's, in byte_lm.cpp.
#pragma once

#include <string_view>
#include <vector>

#include "core/recipe/recipe.h"

namespace welt {

struct WeltSpec;

inline constexpr const char* byte_lm_kind = "byte_lm";

struct ModelKind {
  std::string_view name;
  std::string_view help;  // a few words
};
const std::vector<ModelKind>& model_kinds();

bool is_byte_lm(const Recipe& recipe);

// Throws Error naming every key whose value says something of words, which a byte_lm does not have.
void refuse_word_keys(const Recipe& recipe);

// Throws Error for a byte_lm, which has no `what`.
void require_words(const WeltSpec& spec, std::string_view what);

}  // namespace welt
