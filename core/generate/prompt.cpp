// See prompt.h.
#include "core/generate/prompt.h"

#include <utility>

#include "core/base/error.h"
#include "core/data/blocks.h"
#include "core/model/byte_lm.h"

namespace welt {

namespace {

Prompt cut_prompt(const TextFrontEnd& front_end, std::vector<std::string> words) {
  Prompt prompt{.words = std::move(words)};
  const std::string& last = prompt.words.back();
  // A word that has all the bytes it may have is finished, whatever it lacks.
  if (prompt.words.size() > 1 && last.size() < front_end.max_bytes() && !front_end.segmenter().is_complete(last)) {
    prompt.begin = last;
    prompt.words.pop_back();
  }
  return prompt;
}

std::int64_t positions_of(const WeltModel& model, const Prompt& prompt, std::string_view text) {
  return is_byte_lm(model.spec()) ? std::ssize(text) + 1 : std::ssize(prompt.words);
}

}  // namespace

std::int64_t prompt_positions(const WeltModel& model, const TextFrontEnd& front_end, std::string_view text,
                              std::string_view where) {
  return positions_of(model, cut_prompt(front_end, front_end.words(text, where)), text);
}

Prompt read_prompt(const WeltModel& model, const TextFrontEnd& front_end, std::string_view text,
                   std::string_view where) {
  std::vector<std::string> words = front_end.words(text, where);
  check_blocks(words, *over_text(model.spec()).type, where);
  Prompt prompt = cut_prompt(front_end, std::move(words));
  const bool bytes = is_byte_lm(model.spec());
  const std::int64_t positions = model.limits().latent, length = positions_of(model, prompt, text);
  if (positions > 0 && length > positions)
    fail({std::string(where), fmt::format("{} {}, the start of the text included", length, bytes ? "bytes" : "words"),
          fmt::format("at most {}, the {}'s positions", positions, bytes ? "decoder" : "latent transformer"),
          "Shorten it"},
         ErrorCode::out_of_range);
  return prompt;
}

}  // namespace welt
