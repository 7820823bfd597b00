// Guesses of the words that come next in a text. Wrong ones cost time, never change what is written. Inside
// core/generate only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/generate/byte_writer.h"
#include "core/generate/text_latents.h"

namespace welt {

// What followed the last words where they stood before in the text: the longest ending of two to four words that did,
// at its latest place. At most `count` words.
std::vector<std::string> words_after_repeat(const std::vector<std::string>& text, std::int64_t count);

// A small model that writes a text beside the large one, with the same draws, so that both choose alike where they
// think alike.
class DraftModel {
 public:
  // `capacity`: words of the text at most; `ahead`: words that one call guesses at most.
  DraftModel(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options, std::int64_t capacity,
             std::int64_t ahead);

  // `text`: all words so far, the next one is number `number` of those written; `blocks` as block_ids() has them, of
  // the prompt. Fewer than `count` words, or none, where the model has no position left or ends the text.
  std::vector<std::string> guess(const std::vector<std::string>& text, const std::vector<std::int64_t>& blocks,
                                 const ByteDraws& draws, std::int64_t number, std::int64_t count);

 private:
  GenerateOptions options_;
  std::int64_t positions_;
  TextLatents latents_;
  ByteWriter writer_;
  std::vector<std::string> read_;  // by latents_
};

}  // namespace welt
