// See word_search.h.
#include "core/generate/word_search.h"

#include <algorithm>
#include <cmath>

#include "core/base/stopwatch.h"
#include "core/generate/byte_writer.h"
#include "core/generate/latent_history.h"
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

double penalised(double log_probability, std::int64_t bytes, double length_penalty) {
  return log_probability / std::pow(static_cast<double>(std::max<std::int64_t>(bytes, 1)), length_penalty);
}

// A text is followed by its most likely words, whatever their length: the penalty is for texts alone.
GenerateOptions without_penalty(GenerateOptions options) {
  options.beams.length_penalty = 0;
  return options;
}

class WordSearch {
 public:
  WordSearch(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options, GrowingText prompt,
             const ByteDraws& draws, GenerateStatistics& spent)
      : model_(model),
        encoder_(encoder),
        options_(options),
        word_options_(without_penalty(options)),
        draws_(draws),
        positions_(model.limits().latent),
        beams_(static_cast<std::size_t>(options.beams.word_beams)),
        runner_(model.latent_transformer(), 1, positions_of({&prompt, 1}, options.words, positions_)),
        writer_(model, encoder.text().segmenter(), word_options_),
        latents_(model),
        spent_(spent) {
    const auto start = Clock::now();
    latents_.start(runner_, encoder, {&prompt, 1});
    spent_.prefill += seconds_since(start);
    running_.push_back({.text = std::move(prompt)});
  }

  Generated operator()() {
    for (std::int64_t number = 0; number < options_.words && !running_.empty(); ++number) {
      if (options_.interrupted()) {
        for (Hypothesis& hypothesis : running_) hypothesis.text.finish(FinishReason::interrupted);
        break;
      }
      take(continuations(number));
      if (number + 1 == options_.words) break;
      if (over(options_.words - number - 1)) {
        running_.clear();  // not written to their end
        break;
      }
      read();
    }
    return result();
  }

 private:
  // Of all words behind all texts the best ones: twice as many as there are beams.
  std::vector<Hypothesis> continuations(std::int64_t number) {
    const auto start = Clock::now();
    std::vector<Hypothesis> all;
    for (std::size_t i = 0; i < running_.size(); ++i) {
      const std::int64_t wide = std::max(options_.beams.beams, options_.beams.word_beams);
      for (WrittenWord& word : writer_.search(latents_.row(i), running_[i].text.begin, draws_, number, wide, spent_)) {
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
    if (all.size() > 2 * beams_) all.resize(2 * beams_);
    spent_.decode += seconds_since(start);
    return all;
  }

  // A text that ended does not take the place of one that goes on: those behind the first n are spares for these.
  void take(std::vector<Hypothesis> best) {
    running_.clear();
    for (std::size_t i = 0; i < best.size(); ++i) {
      if (!best[i].text.done && running_.size() < beams_) running_.push_back(std::move(best[i]));
      if (best[i].text.done && i < beams_) finished_.push_back(std::move(best[i]));
    }
    rank_finished();
  }

  double rank(const Hypothesis& hypothesis) const {
    return penalised(hypothesis.log_probability, hypothesis.bytes, options_.beams.length_penalty);
  }

  void rank_finished() {
    std::ranges::stable_sort(finished_, std::greater<>(), [&](const Hypothesis& one) { return rank(one); });
    if (finished_.size() > beams_) finished_.resize(beams_);
  }

  // Can no running text come to more than the finished ones? Log probabilities only fall, but a text that grows to
  // `words` more may rise in rank; how far this is looked ahead is early_stopping's to say, as in a search of bytes.
  bool over(std::int64_t words) const {
    if (finished_.size() < beams_ || running_.empty()) return running_.empty();
    const EarlyStopping early = options_.beams.early_stopping;
    if (early == EarlyStopping::yes) return true;
    const double penalty = options_.beams.length_penalty;
    const bool ahead = early == EarlyStopping::never && penalty > 0;
    const std::int64_t more = ahead ? words * (model_.spec().segmenter.max_bytes + 1) : 0;
    return std::ranges::all_of(running_, [&](const Hypothesis& one) {
      return penalised(one.log_probability, one.bytes + more, penalty) <= rank(finished_.back());
    });
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
    latents_.keep(parents);
    latents_.add(runner_.step(vectors));
    ++spent_.word_steps;
    spent_.latent += seconds_since(start);
  }

  Generated result() {
    for (Hypothesis& hypothesis : running_) finished_.push_back(std::move(hypothesis));
    rank_finished();
    std::vector<Generated> best;
    for (Hypothesis& hypothesis : finished_) {
      if (std::ssize(best) == options_.beams.n_best) break;
      hypothesis.text.out.score = rank(hypothesis);
      best.push_back(std::move(hypothesis.text.out));
    }
    Generated first = best.front();
    first.n_best = std::move(best);
    return first;
  }

  WeltModel& model_;
  WordEncoder& encoder_;
  const GenerateOptions& options_;
  const GenerateOptions word_options_;
  const ByteDraws& draws_;
  std::int64_t positions_;
  std::size_t beams_;
  LatentRunner runner_;
  ByteWriter writer_;
  LatentHistory latents_;  // of the running texts
  GenerateStatistics& spent_;
  std::vector<Hypothesis> running_, finished_;
};

}  // namespace

std::vector<Generated> search_words(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options,
                                    std::vector<GrowingText> prompts, const std::vector<std::string>& texts,
                                    const Generator::WordCallback& told, GenerateStatistics& spent) {
  const std::vector<ByteDraws> draws = draws_of(texts, options.sampling.seed);
  std::vector<Generated> results;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    results.push_back(WordSearch(model, encoder, options, std::move(prompts[i]), draws[i], spent)());
    spent.words += std::ssize(results.back().words);
    for (const std::string& word : results.back().words)
      if (told) told(i, word);
  }
  return results;
}

}  // namespace welt
