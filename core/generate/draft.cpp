// See draft.h.
#include "core/generate/draft.h"

#include <algorithm>

namespace welt {
namespace {

constexpr std::ptrdiff_t longest_ending = 4, shortest_ending = 2;

// No scores are wanted of what is guessed.
GenerateOptions guessing(GenerateOptions options) {
  options.scores = false;
  return options;
}

}  // namespace

std::vector<std::string> words_after_repeat(const std::vector<std::string>& text, std::int64_t count) {
  std::ptrdiff_t best = 0;
  auto from = text.end();
  for (auto end = text.end() - std::min<std::ptrdiff_t>(1, std::ssize(text)); end != text.begin(); --end) {
    // How many words before `end` are those before the end of the text?
    std::ptrdiff_t same = 0;
    while (same < longest_ending && same < end - text.begin() && *(end - 1 - same) == *(text.end() - 1 - same)) ++same;
    if (same <= best) continue;
    best = same;
    from = end;
    if (best == longest_ending) break;
  }
  if (best < shortest_ending) return {};
  return {from, from + std::min<std::ptrdiff_t>(count, text.end() - from)};
}

DraftModel::DraftModel(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options, std::int64_t capacity,
                       std::int64_t ahead)
    : options_(guessing(options)),
      positions_(model.limits().latent),
      latents_(model, encoder, positions_ > 0 ? std::min(capacity, positions_) : capacity, /*rollback=*/ahead + 1),
      writer_(model, encoder.text().segmenter(), options_) {}

std::vector<std::string> DraftModel::guess(const std::vector<std::string>& text,
                                           const std::vector<std::int64_t>& blocks, const ByteDraws& draws,
                                           std::int64_t number, std::int64_t count) {
  const auto room = [&] { return positions_ == 0 || std::ssize(read_) < positions_; };
  if (positions_ > 0 && std::ssize(text) > positions_) return {};
  // What it guessed and was not written is taken back; all that was written since is read.
  const auto known = std::ranges::mismatch(read_, text).in1 - read_.begin();
  latents_.forget(known);
  read_.resize(static_cast<std::size_t>(known));
  latents_.read(std::span(text).subspan(read_.size()), read_.empty() ? blocks : std::vector<std::int64_t>());
  read_ = text;
  std::vector<std::string> guesses;
  GenerateStatistics unasked;
  while (std::ssize(guesses) < count) {
    std::vector<WrittenWord> word(1);
    writer_.write(latents_.before(latents_.size()).unsqueeze(0), word, {&draws}, number + std::ssize(guesses), unasked);
    if (word.front().bytes.empty()) break;
    guesses.push_back(std::move(word.front().bytes));
    if (std::ssize(guesses) == count || !room()) break;
    latents_.read(std::span(guesses).last(1));
    read_.push_back(guesses.back());
  }
  return guesses;
}

}  // namespace welt
