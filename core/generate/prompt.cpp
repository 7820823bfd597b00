// See prompt.h.
#include "core/generate/prompt.h"

#include "core/base/error.h"
#include "core/data/blocks.h"
#include "core/model/byte_lm.h"

namespace welt {

Prompt read_prompt(const WeltModel& model, const TextFrontEnd& front_end, std::string_view text,
                   std::string_view where) {
  Prompt prompt{.words = front_end.words(text, where)};
  check_blocks(prompt.words, *over_text(model.spec()).type, where);
  const std::string& last = prompt.words.back();
  // A word that has all the bytes it may have is finished, whatever it lacks.
  if (prompt.words.size() > 1 && last.size() < front_end.max_bytes() && !front_end.segmenter().is_complete(last)) {
    prompt.begin = last;
    prompt.words.pop_back();
  }
  const bool bytes = is_byte_lm(model.spec());
  const std::int64_t positions = model.limits().latent,
                     length = bytes ? std::ssize(text) + 1 : std::ssize(prompt.words);
  if (positions > 0 && length > positions)
    fail({std::string(where), fmt::format("{} {}, the start of the text included", length, bytes ? "bytes" : "words"),
          fmt::format("at most {}, the {}'s positions", positions, bytes ? "decoder" : "latent transformer"),
          "Shorten it"},
         ErrorCode::out_of_range);
  return prompt;
}

}  // namespace welt
