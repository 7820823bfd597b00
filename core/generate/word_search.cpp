// See word_search.h.
#include "core/generate/word_search.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/base/stopwatch.h"
#include "core/data/blocks.h"
#include "core/generate/byte_writer.h"
#include "core/generate/latent_runner.h"

namespace welt {
namespace {

// A text so far. Its score is the sum of the log probabilities of all its bytes, the ends' included.
struct Hypothesis {
  GrowingText text;
  double log_probability = 0;
  std::int64_t bytes = 0;
  std::int64_t parent = 0;  // of the hypotheses before
  std::string read;         // its last word, as it is read back
};

double rank(const Hypothesis& hypothesis, double length_penalty) {
  const auto length = static_cast<double>(std::max<std::int64_t>(hypothesis.bytes, 1));
  return hypothesis.log_probability / std::pow(length, length_penalty);
}

class WordSearch {
 public:
  WordSearch(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options, GrowingText prompt,
             const ByteDraws& draws, GenerateStatistics& spent)
      : model_(model),
        encoder_(encoder),
        options_(options),
        draws_(draws),
        positions_(model.limits().latent),
        beams_(static_cast<std::size_t>(options.beams.word_beams)),
        runner_(model.latent_transformer(), 1, capacity(prompt)),
        writer_(model, encoder.text().segmenter(), options),
        spent_(spent) {
    const auto start = Clock::now();
    const at::Tensor vectors = encoder.encode(prompt.words);
    latents_ = model.map_latents(runner_.prefill({vectors}, {block_ids(prompt.words)})).latents;
    spent_.prefill += seconds_since(start);
    running_.push_back({.text = std::move(prompt)});
  }

  Generated operator()() {
    for (std::int64_t number = 0; number < options_.words && !running_.empty(); ++number) {
      std::vector<Hypothesis> best = continuations(number);
      running_.clear();
      for (Hypothesis& hypothesis : best)
        (hypothesis.text.done ? finished_ : running_).push_back(std::move(hypothesis));
      if (number + 1 == options_.words) break;
      if (over()) {
        running_.clear();  // not written to their end
        break;
      }
      read();
    }
    return result();
  }

 private:
  std::int64_t capacity(const GrowingText& prompt) const {
    const std::int64_t wanted = prompt.position + options_.words;
    return positions_ > 0 ? std::min(wanted, positions_) : wanted;
  }

  // Of all words behind all texts the best ones: as many as there are beams.
  std::vector<Hypothesis> continuations(std::int64_t number) {
    const auto start = Clock::now();
    std::vector<Hypothesis> all;
    for (std::size_t i = 0; i < running_.size(); ++i) {
      const at::Tensor latent = latents_.narrow(0, static_cast<std::int64_t>(i), 1);
      const std::int64_t wide = std::max(options_.beams.beams, options_.beams.word_beams);
      for (WrittenWord& word : writer_.search(latent, running_[i].text.begin, draws_, number, wide, spent_)) {
        Hypothesis next = running_[i];
        next.log_probability += word.log_probability;
        next.bytes += std::ssize(word.trace.bytes);
        next.parent = static_cast<std::int64_t>(i);
        next.read = next.text.take(word, options_);
        if (!next.text.done && positions_ > 0 && next.text.position >= positions_)
          next.text.finish(FinishReason::positions);
        ++next.text.position;
        all.push_back(std::move(next));
      }
    }
    std::ranges::stable_sort(all, std::greater<>(), &Hypothesis::log_probability);
    if (all.size() > beams_) all.resize(beams_);
    spent_.decode += seconds_since(start);
    return all;
  }

  // Can no running text come to more than the finished ones? Log probabilities only fall.
  bool over() const {
    if (finished_.size() < beams_ || running_.empty()) return running_.empty();
    double least = rank(finished_.front(), 0);
    for (const Hypothesis& one : finished_) least = std::min(least, rank(one, 0));
    return running_.front().log_probability <= least;
  }

  void read() {
    const auto start = Clock::now();
    std::vector<std::int64_t> parents;
    std::vector<std::string> words;
    for (const Hypothesis& hypothesis : running_) {
      parents.push_back(hypothesis.parent);
      words.push_back(hypothesis.read);
    }
    const at::Tensor vectors = encoder_.encode(words);
    runner_.keep(parents);
    latents_ = model_.map_latents(runner_.step(vectors)).latents;
    ++spent_.word_steps;
    spent_.latent += seconds_since(start);
  }

  Generated result() {
    for (Hypothesis& hypothesis : running_) finished_.push_back(std::move(hypothesis));
    const double penalty = options_.beams.length_penalty;
    std::ranges::stable_sort(finished_, std::greater<>(), [&](const Hypothesis& one) { return rank(one, penalty); });
    std::vector<Generated> best;
    for (Hypothesis& hypothesis : finished_) {
      if (std::ssize(best) == options_.beams.n_best) break;
      hypothesis.text.out.score = rank(hypothesis, penalty);
      best.push_back(std::move(hypothesis.text.out));
    }
    Generated first = best.front();
    first.n_best = std::move(best);
    return first;
  }

  WeltModel& model_;
  WordEncoder& encoder_;
  const GenerateOptions& options_;
  const ByteDraws& draws_;
  std::int64_t positions_;
  std::size_t beams_;
  LatentRunner runner_;
  ByteWriter writer_;
  GenerateStatistics& spent_;
  at::Tensor latents_;  // [running, E]
  std::vector<Hypothesis> running_, finished_;
};

}  // namespace

std::vector<Generated> search_words(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options,
                                    std::vector<GrowingText> prompts, const std::vector<std::string>& texts,
                                    const Generator::WordCallback& told, GenerateStatistics& spent) {
  std::map<std::string_view, std::uint64_t> occurrences;
  std::vector<Generated> results;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const ByteDraws draws(options.sampling.seed, texts[i], occurrences[texts[i]]++);
    results.push_back(WordSearch(model, encoder, options, std::move(prompts[i]), draws, spent)());
    spent.words += std::ssize(results.back().words);
    for (const std::string& word : results.back().words)
      if (told) told(i, word);
  }
  return results;
}

}  // namespace welt
