// One prompt on its way to a text, word by word. Inside core/generate only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/generate/byte_writer.h"
#include "core/generate/generator.h"

namespace welt {

struct GrowingText {
  std::size_t prompt = 0;          // its number
  std::vector<std::string> words;  // that the latent transformer reads first
  std::string begin;               // of a word that the prompt ends in the middle of
  std::int64_t position = 0;       // words it has read
  Generated out;
  bool done = false;
  bool ended = false;  // the text has: of the reference, words may still come

  void finish(FinishReason reason);
  // Adds what was written. The word as it is read back; "" when nothing was written, which ends the text (a stop string
  // does, too, behind itself).
  std::string take(WrittenWord& word, const GenerateOptions& options);
};

// Positions that the longest of these needs once `more` are written behind each, of those that there are (0: any
// number).
std::int64_t positions_of(std::span<const GrowingText> texts, std::int64_t more, std::int64_t positions);

}  // namespace welt
