// What changes the scores of a word's next byte because of the bytes that it has: penalties, bans, least lengths. Rules
// and order are those of transformers. "So far" is what has been written of this word, by a byte_lm of the whole text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/text/control.h"
#include "core/text/utf8_automaton.h"

namespace welt {

struct ByteRules {
  double repetition_penalty = 1;       // of bytes that the word has already; 1: none
  std::int64_t no_repeat_ngram = 0;    // no n bytes twice in a word; 0: any
  std::vector<std::string> bad_words;  // byte sequences that do not come; one longer than the word so far has no effect
  std::vector<std::pair<std::string, double>>
      sequence_bias;                          // added to the last byte's score where the others are there
  std::int64_t min_bytes = 0;                 // no end byte before
  std::int64_t min_length = 0;                // the same, counting latent, BOS and the bytes given
  std::optional<std::uint8_t> forced_second;  // transformers' forced_bos_token_id, which comes as the second byte here
  std::optional<ByteSet> forced_last;         // as the last byte that there is room for
  std::optional<std::pair<std::int64_t, double>> end_growth;  // from so many bytes on, by this factor a byte
  ByteSet suppressed, suppressed_first;
  bool finite_only = false;  // minus infinity becomes the least finite number
  bool renormalise = false;  // log softmax at the very end
  ByteSet ends = ByteSet(1ULL << eos_byte);

  bool any() const;
  // `written`: bytes of the word so far; `given`: those that it had before; `room`: how many may follow.
  void apply(std::span<double> scores, std::string_view written, std::int64_t given, std::int64_t room) const;
};

void log_softmax(std::span<double> scores);

}  // namespace welt
