// ByteWriter::search (byte_writer.h): the most likely words behind one latent, found byte by byte. Follows
// transformers' beam search: which continuations are looked at, which of them may finish, when no better one can come.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/resources.h"
#include "core/generate/byte_writer.h"
#include "core/text/bytes.h"

namespace welt {

class ByteWriter::Search {
 public:
  Search(const ByteWriter& writer, const std::string& begin, const ByteDraws& draws, std::int64_t number,
         std::int64_t beams)
      : writer_(writer),
        options_(writer.options_),
        draws_(draws),
        number_(number),
        beams_(static_cast<std::size_t>(beams)),
        given_(std::ssize(begin)) {
    running_.push_back({.word = {.begin = begin}, .automaton = UnitAutomaton(Units(), options_.reference_compatible)});
    limit_ =
        std::min(writer.room(running_.front().word, given_).units, writer.room(running_.front().word, given_).bytes);
    sampling_ = options_.sampling;
    sampling_.min_keep = static_cast<std::int64_t>(options_.rules.ends.count()) + 1;
  }

  // Takes the logits of the running beams, [n,256]. The beams that go on, by their number before; empty: the search is
  // over.
  std::vector<std::int64_t> step(const float* logits) {
    std::vector<Beam> best = continuations(logits);
    if (best.empty()) return {};  // the rules leave no byte: words end as they are
    ++length_;
    std::vector<Beam> finished, going;
    std::vector<std::int64_t> parents;
    for (std::size_t i = 0; i < best.size(); ++i) {
      Beam& beam = best[i];
      if (!writer_.finished(beam.word, given_))
        going.push_back(std::move(beam));
      else if (i < beams_)  // the others are spares for those that go on
        finished.push_back(std::move(beam));
    }
    std::ranges::stable_sort(going, std::greater<>(), &Beam::score);
    if (going.size() > beams_) going.resize(beams_);
    add_finished(std::move(finished));
    running_ = std::move(going);
    if (over()) return {};
    for (const Beam& beam : running_) parents.push_back(beam.parent);
    return parents;
  }

  std::vector<std::int64_t> last_bytes() const {
    std::vector<std::int64_t> bytes;
    for (const Beam& beam : running_) bytes.push_back(beam.last);
    return bytes;
  }

  std::vector<WrittenWord> take() {
    if (done_.empty()) add_finished(std::move(running_));
    std::vector<WrittenWord> words;
    for (Beam& beam : done_) {
      beam.word.log_probability = beam.score;
      beam.word.trace.scores = {beam.rank};
      words.push_back(std::move(beam.word));
    }
    return words;
  }

 private:
  struct Beam {
    WrittenWord word;
    UnitAutomaton automaton;
    double score = 0;  // log probability of its bytes
    double rank = 0;   // of one that finished
    std::int64_t parent = 0, last = 0;
  };
  struct Candidate {
    std::size_t beam, byte;
    double score, key;
    double log_probability;  // as the model gives it, before rules and filters
  };

  double penalised(double score, std::int64_t length) const {
    return score / std::pow(static_cast<double>(length), options_.beams.length_penalty);
  }

  std::vector<Candidate> candidates(const float* logits) const {
    std::vector<Candidate> all;
    for (std::size_t i = 0; i < running_.size(); ++i) {
      const std::span<const float> line(logits + 256 * i, 256);
      writer_.require_finite(running_[i].word, number_, line);
      std::array<double, 256> scores, plain;
      std::ranges::copy(line, plain.begin());
      log_softmax(plain);
      writer_.score(line, running_[i].word, running_[i].automaton, /*log=*/true, scores);
      if (sampling_.temperature > 0) filter_scores(scores, sampling_);
      if (options_.rules.renormalise) log_softmax(scores);
      for (std::size_t byte = 0; byte < scores.size(); ++byte) {
        if (!(scores[byte] > -std::numeric_limits<double>::infinity())) continue;
        const double score = running_[i].score + scores[byte];
        all.push_back({i, byte, score, sampling_.temperature > 0 ? score + noise(i, byte) : score, plain[byte]});
      }
    }
    return all;
  }

  // Gumbel's: the best of score + noise are draws without replacement, in the order of drawing.
  double noise(std::size_t beam, std::size_t byte) const {
    const auto place = static_cast<std::int64_t>((static_cast<std::size_t>(length_) * beams_ + beam) * 256 + byte);
    return -std::log(-std::log(std::max(draws_.uniform(number_, place), 0x1p-60)));
  }

  std::vector<Beam> continuations(const float* logits) const {
    std::vector<Candidate> all = candidates(logits);
    const std::size_t kept = std::min(all.size(), std::max<std::size_t>(2, options_.rules.ends.count() + 1) * beams_);
    std::ranges::partial_sort(
        all, all.begin() + static_cast<std::ptrdiff_t>(kept), [](const Candidate& a, const Candidate& b) {
          return a.key != b.key ? a.key > b.key : a.beam != b.beam ? a.beam < b.beam : a.byte < b.byte;
        });
    std::vector<Beam> best;
    for (std::size_t i = 0; i < kept; ++i) {
      Beam& beam = best.emplace_back(running_[all[i].beam]);
      beam.score = all[i].score;
      beam.parent = static_cast<std::int64_t>(all[i].beam);
      beam.last = static_cast<std::int64_t>(all[i].byte);
      beam.word.trace.bytes.push_back(static_cast<char>(all[i].byte));
      beam.word.trace.log_probabilities.push_back(all[i].log_probability);
      writer_.take_unit(beam.word, beam.automaton, static_cast<std::uint32_t>(all[i].byte));
    }
    return best;
  }

  void add_finished(std::vector<Beam> beams) {
    for (Beam& beam : beams) {
      beam.rank = penalised(beam.score, std::max<std::int64_t>(length_, 1));
      done_.push_back(std::move(beam));
    }
    std::ranges::stable_sort(done_, std::greater<>(), &Beam::rank);
    if (done_.size() > beams_) done_.resize(beams_);
  }

  bool over() const {
    if (running_.empty()) return true;
    if (done_.size() < beams_) return false;
    const EarlyStopping early = options_.beams.early_stopping;
    if (early == EarlyStopping::yes) return true;
    const bool at_best = early == EarlyStopping::never && options_.beams.length_penalty > 0;
    return !(penalised(running_.front().score, at_best ? limit_ : length_) > done_.back().rank);
  }

  const ByteWriter& writer_;
  const GenerateOptions& options_;
  SamplingOptions sampling_;
  const ByteDraws& draws_;
  std::int64_t number_;  // of the word
  std::size_t beams_;
  std::int64_t given_, limit_ = 0, length_ = 0;
  std::vector<Beam> running_, done_;
};

std::vector<WrittenWord> ByteWriter::search(const at::Tensor& latents, const std::string& begin, const ByteDraws& draws,
                                            std::int64_t number, std::int64_t beams, GenerateStatistics& spent) {
  WrittenWord empty{.begin = begin};
  const WordRoom left = room(empty, std::ssize(begin));
  if (left.units <= 0 || left.bytes <= 0) return {empty};
  Search search(*this, begin, draws, number, beams);
  std::vector<std::int64_t> bytes{bos_byte};
  units_.append(as_bytes(begin), bytes);
  cache_.emplace(model_.decoder().make_cache(1, capacity_));
  if (const std::int64_t free = available_memory(); free > 0 && cache_->bytes() > free / (4 * beams))
    fail({"num_beams", fmt::format("{} beams, whose caches take {} bytes each", beams, cache_->bytes()),
          fmt::format("what the {} bytes of free memory hold", free), "Search with fewer beams"},
         ErrorCode::resource_exhausted);
  at::Tensor logits = forward(row_of(latents, bytes));
  for (;;) {
    ++spent.byte_steps;
    const std::vector<std::int64_t> parents = search.step(logits.const_data_ptr<float>());
    if (parents.empty()) break;
    cache_->reorder(parents);
    logits = forward(embed(search.last_bytes()));
  }
  cache_.reset();
  std::vector<WrittenWord> words = search.take();
  spent.bytes += std::ssize(words.front().trace.bytes);
  return words;
}

}  // namespace welt
