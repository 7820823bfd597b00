// See speculation.h.
#include "core/generate/speculation.h"

#include <algorithm>
#include <optional>
#include <span>

#include "core/base/stopwatch.h"
#include "core/data/blocks.h"
#include "core/generate/byte_writer.h"
#include "core/generate/draft.h"
#include "core/generate/text_latents.h"

namespace welt {
namespace {

class Speculation {
 public:
  Speculation(WeltModel& model, WordEncoder& encoder, const DraftParts& draft, const GenerateOptions& options,
              GrowingText prompt, const ByteDraws& draws, const Generator::WordCallback& told,
              GenerateStatistics& spent)
      : options_(options),
        text_(std::move(prompt)),
        draws_(draws),
        told_(told),
        spent_(spent),
        positions_(model.limits().latent),
        words_(text_.words),
        blocks_(block_ids(text_.words)),
        latents_(model, encoder, capacity(), options.speculate),
        writer_(model, encoder.text().segmenter(), options),
        ahead_(options.speculate) {
    if (draft.model) draft_.emplace(*draft.model, *draft.encoder, options, wanted(), options.speculate);
    const auto start = Clock::now();
    latents_.read(words_, blocks_);
    spent_.prefill += seconds_since(start);
  }

  Generated operator()() {
    while (!text_.done && number_ < options_.words) {
      if (options_.interrupted()) text_.finish(FinishReason::interrupted);
      if (text_.done) break;
      const std::vector<std::string> guesses = guess();
      if (guesses.empty())
        write();
      else
        follow(guesses);
    }
    return std::move(text_.out);
  }

 private:
  std::int64_t wanted() const { return std::ssize(words_) + options_.words; }
  std::int64_t capacity() const { return positions_ > 0 ? std::min(wanted(), positions_) : wanted(); }

  // No more than may be written, and may be read.
  std::vector<std::string> guess() {
    if (!text_.begin.empty()) return {};
    std::int64_t count = std::min(ahead_, options_.words - number_);
    if (positions_ > 0) count = std::min(count, positions_ - latents_.size());
    if (count <= 0) return {};
    std::vector<std::string> guesses = words_after_repeat(words_, count);
    if (guesses.empty() && draft_) guesses = draft_->guess(words_, blocks_, draws_, number_, count);
    const auto unfit = std::ranges::find_if_not(guesses, [&](const auto& word) { return writer_.fits(word); });
    guesses.erase(unfit, guesses.end());
    return guesses;
  }

  void write() {
    const auto start = Clock::now();
    std::vector<WrittenWord> word{{.begin = text_.begin}};
    writer_.write(latents_.before(latents_.size()).unsqueeze(0), word, {&draws_}, number_, spent_);
    spent_.decode += seconds_since(start);
    take(word.front(), /*is_read=*/false);
  }

  void follow(const std::vector<std::string>& guesses) {
    const std::int64_t before = latents_.size();
    read(guesses);
    const auto start = Clock::now();
    std::vector<at::Tensor> latents;
    for (std::int64_t i = 0; i < std::ssize(guesses); ++i) latents.push_back(latents_.before(before + i));
    ByteWriter::Followed found = writer_.follow(latents, guesses, draws_, number_, spent_);
    spent_.decode += seconds_since(start);
    const auto agreed = static_cast<std::int64_t>(found.agreed);
    latents_.forget(before + agreed);
    spent_.guessed += std::ssize(guesses);
    spent_.agreed += agreed;
    // Guesses that fail cost as much as those that do not: fewer are made then.
    ahead_ = std::min(agreed == std::ssize(guesses) ? 2 * ahead_ : agreed + 1, options_.speculate);
    for (std::size_t i = 0; i < found.words.size() && !text_.done && number_ < options_.words; ++i)
      take(found.words[i], /*is_read=*/i < found.agreed);
  }

  void read(std::span<const std::string> words) {
    const auto start = Clock::now();
    latents_.read(words);
    ++spent_.word_steps;
    spent_.latent += seconds_since(start);
  }

  // The next word of the text, which then is read, if it is not already and anything is to follow.
  void take(WrittenWord& word, bool is_read) {
    const std::size_t before = text_.out.text.size();
    std::string seen = text_.take(word, options_);
    if (text_.out.text.size() > before) {
      ++spent_.words;
      if (told_) told_(text_.prompt, text_.out.words.back());
    }
    ++number_;
    if (text_.done || number_ == options_.words) return;
    if (!is_read) {
      if (positions_ > 0 && latents_.size() >= positions_) return text_.finish(FinishReason::positions);
      read({&seen, 1});
    }
    words_.push_back(std::move(seen));
  }

  const GenerateOptions& options_;
  GrowingText text_;
  const ByteDraws& draws_;
  const Generator::WordCallback& told_;
  GenerateStatistics& spent_;
  std::int64_t positions_, number_ = 0;
  std::vector<std::string> words_;    // prompt and text, as they are read
  std::vector<std::int64_t> blocks_;  // of the prompt
  TextLatents latents_;
  ByteWriter writer_;
  std::optional<DraftModel> draft_;
  std::int64_t ahead_;  // words that are guessed next
};

}  // namespace

std::vector<Generated> speculate_texts(WeltModel& model, WordEncoder& encoder, const DraftParts& draft,
                                       const GenerateOptions& options, std::vector<GrowingText> prompts,
                                       const std::vector<std::string>& texts, const Generator::WordCallback& told,
                                       GenerateStatistics& spent) {
  const std::vector<ByteDraws> draws = draws_of(texts, options.sampling.seed);
  std::vector<Generated> results;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    results.push_back(Speculation(model, encoder, draft, options, std::move(prompts[i]), draws[i], told, spent)());
  }
  return results;
}

}  // namespace welt
