// See growing_text.h.
#include "core/generate/growing_text.h"

#include <algorithm>

#include "core/text/bytes.h"

namespace welt {
namespace {

// Shortens the word to where the first stop string ends in it, if one does.
bool cut_at_stop(const std::string& text, std::string& word, const std::vector<std::string>& stops) {
  const std::string all = text + word;
  std::size_t end = std::string::npos;
  for (const std::string& stop : stops) {
    const std::size_t from = text.size() - std::min(text.size(), stop.size() - 1);
    if (const std::size_t at = all.find(stop, from); at != std::string::npos) end = std::min(end, at + stop.size());
  }
  if (end == std::string::npos) return false;
  word.resize(end - text.size());
  return true;
}

}  // namespace

void GrowingText::finish(FinishReason reason) {
  done = true;
  out.finish = reason;
}

std::string GrowingText::take(WrittenWord& word, const GenerateOptions& options) {
  std::string text = word.bytes, read = word.begin + word.bytes;
  if (options.reference_compatible) read = text = decode_bytes(as_bytes(word.bytes), /*skip_special=*/true);
  const bool stopped = !options.reference_compatible && !text.empty() && cut_at_stop(out.text, text, options.stop);
  begin.clear();
  if (options.scores) out.trace.push_back(std::move(word.trace));
  if (!text.empty() && !ended) {
    out.text += text;
    out.words.push_back(text);
  }
  if (read.empty()) {
    ended = true;
    finish(FinishReason::end_of_text);
  }
  if (stopped) finish(FinishReason::stop);
  return read;
}

std::int64_t positions_of(std::span<const GrowingText> texts, std::int64_t more, std::int64_t positions) {
  std::int64_t longest = 0;
  for (const GrowingText& text : texts) longest = std::max(longest, text.position + more);
  return positions > 0 ? std::min(longest, positions) : longest;
}

}  // namespace welt
