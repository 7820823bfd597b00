// The vocabulary of a model that a static embedding is distilled from, and the tokenizer that the embedding gets.
//
// Follows model2vec 0.10 (distill_from_model without a vocabulary of its own) and what skeletoken does for it: tokens
// that only frame a text go (the post-processor and its tokens, the mask), padding and the unknown token stay, what
// matches a pattern goes, and ids close up. Torch-free.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace welt::similarity {

struct TeacherVocabulary {
  std::vector<std::string> tokens;           // of each row of the embedding, in order
  std::vector<std::int64_t> token_ids;       // their ids in the teacher
  std::vector<std::int64_t> before, behind;  // ids that the teacher puts around a text
  std::string tokenizer;                     // tokenizer.json whose ids are those rows
};

// What model2vec leaves out: BERT's unused tokens.
inline constexpr std::string_view unused_tokens = R"(\[unused\d+\])";

// `remove`: a regular expression (ECMAScript); tokens of which it matches a beginning are left out; empty: none. Throws
// Error naming the file: no tokenizer.json, of a model that is not read here, or nothing of it is left; or the
// expression.
TeacherVocabulary read_teacher_vocabulary(const std::filesystem::path& tokenizer,
                                          const std::string& remove = std::string(unused_tokens));

}  // namespace welt::similarity
