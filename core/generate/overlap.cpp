// See overlap.h.
#include "core/generate/overlap.h"

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>

#include <algorithm>
#include <future>
#include <map>
#include <utility>

#include "core/base/stopwatch.h"
#include "core/base/task_pool.h"
#include "core/generate/byte_flow.h"
#include "core/generate/latent_history.h"
#include "core/generate/latent_runner.h"
#include "core/kernels/instructions.h"
#include "core/tensor/thread_limit.h"

namespace welt {
namespace {

// Below so many texts two halves gain nothing over all at once.
constexpr std::size_t least_texts = 8;
// A latent transformer is read for each half of the texts: one that the cache does not hold, or that takes longer than
// the words' spelling, is better read once, on both threads. (Quick start: 2.6 million parameters beside 0.36.)
constexpr std::int64_t most_parameters = 4'000'000, most_times_the_decoder = 10;

class Overlap {
 public:
  Overlap(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options, std::vector<GrowingText> rows,
          const std::vector<std::string>& texts, const Generator::WordCallback& told, GenerateStatistics& spent)
      : model_(model),
        encoder_(encoder),
        options_(options),
        rows_(std::move(rows)),
        words_(rows_.size()),
        numbers_(rows_.size(), 0),
        positions_(model.limits().latent),
        told_(told),
        spent_(spent),
        runner_(model.latent_transformer(), std::ssize(rows_), positions_of(rows_, options.words, positions_)),
        latents_(model),
        writer_(model, encoder.text().segmenter(), options),
        flow_(writer_, rows_.size()),
        draws_(draws_of(texts, options.sampling.seed)),
        left_(rows_.size()),
        reader_(1) {}

  std::vector<Generated> operator()() {
    prefill();
    while (left_ > 0) {
      if (options_.interrupted()) {
        interrupt();
        break;
      }
      if (flow_.running() == 0) collect();
      if (!reading_.valid() && 2 * waiting_.size() >= left_ && !waiting_.empty()) read();
      if (flow_.running() > 0) spell();
    }
    std::vector<Generated> results;
    for (GrowingText& row : rows_) results.push_back(std::move(row.out));
    return results;
  }

 private:
  void prefill() {
    const auto start = Clock::now();
    latents_.start(runner_, encoder_, rows_);
    spent_.prefill += seconds_since(start);
    for (std::size_t i = 0; i < rows_.size(); ++i) begin(i);
  }

  void begin(std::size_t row) {
    words_[row] = {.begin = rows_[row].begin};
    flow_.begin(row, latents_.row(row), words_[row], draws_[rows_[row].prompt], numbers_[row]);
  }

  void spell() {
    const auto start = Clock::now();
    const std::vector<std::size_t> finished = flow_.step(/*alone=*/reading_.valid(), spent_);
    spent_.decode += seconds_since(start);
    for (const std::size_t row : finished) take(row);
  }

  void take(std::size_t index) {
    GrowingText& row = rows_[index];
    const std::size_t before = row.out.text.size();
    std::string word = row.take(words_[index], options_);
    if (row.out.text.size() > before) {
      ++spent_.words;
      if (told_) told_(row.prompt, row.out.words.back());
    }
    if (!row.done && ++numbers_[index] == options_.words) row.done = true;
    if (!row.done && positions_ > 0 && row.position >= positions_) row.finish(FinishReason::positions);
    if (row.done) {
      --left_;
      return;
    }
    ++row.position;
    waiting_.emplace(index, std::move(word));
  }

  // What waits is read: on the other thread, as long as anything is spelt on this one.
  void read() {
    std::vector<std::string> words;
    for (auto& [row, word] : std::exchange(waiting_, {})) {
      read_.push_back(row);
      words.push_back(std::move(word));
    }
    ++spent_.word_steps;
    if (flow_.running() == 0) {
      read_words(words);
      begin_words();
      return;
    }
    reading_ = reader_.submit([this, words = std::move(words), state = at::ThreadLocalState()] {
      const at::ThreadLocalStateGuard same(state);  // no gradients here either
      const ThreadLimit alone(true);
      read_words(words);
    });
  }

  void read_words(const std::vector<std::string>& words) {
    auto start = Clock::now();
    const at::Tensor vectors = encoder_.encode(words);
    spent_.encode += seconds_since(start);
    start = Clock::now();
    latents_.add(runner_.step(vectors, read_), read_);
    spent_.latent += seconds_since(start);
  }

  void collect() {
    if (!reading_.valid()) return;
    reading_.get();
    begin_words();
  }

  void begin_words() {
    for (const std::size_t row : std::exchange(read_, {})) begin(row);
  }

  void interrupt() {
    if (reading_.valid()) reading_.get();
    for (GrowingText& row : rows_)
      if (!row.done) row.finish(FinishReason::interrupted);
  }

  WeltModel& model_;
  WordEncoder& encoder_;  // the reader's, while it reads, as runner_, read_ and its rows of latents_ are
  const GenerateOptions& options_;
  std::vector<GrowingText> rows_;
  std::vector<WrittenWord> words_;     // of each row, as it is written
  std::vector<std::int64_t> numbers_;  // of it
  std::int64_t positions_;
  const Generator::WordCallback& told_;
  GenerateStatistics& spent_;
  LatentRunner runner_;
  LatentHistory latents_;
  ByteWriter writer_;
  ByteWriter::Flow flow_;
  std::vector<ByteDraws> draws_;
  std::size_t left_;                            // rows that are not done
  std::map<std::size_t, std::string> waiting_;  // rows whose words are finished, and these
  std::vector<std::size_t> read_;               // rows whose words are being read
  std::future<void> reading_;
  TaskPool reader_;  // last: ends first
};

}  // namespace

bool can_overlap(WeltModel& model, const GenerateOptions& options) {
  const auto packed = [](const ComponentType& type) { return (type.flags & WELT_COMPONENT_PACKED) != 0; };
  return at::get_num_threads() > 1 && options.beams.beams == 1 && !options.reference_compatible &&
         model.device().is_cpu() && kernels::kernels_in_use().load() != 0 && packed(*model.spec().latent.type) &&
         packed(*model.spec().decoder.type);
}

bool pays_to_overlap(WeltModel& model, std::size_t texts) {
  const std::int64_t latent = model.latent_transformer().parameter_count();
  return texts >= least_texts && latent <= most_parameters &&
         latent <= most_times_the_decoder * model.decoder().parameter_count();
}

std::vector<Generated> overlap_texts(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options,
                                     std::vector<GrowingText> prompts, const std::vector<std::string>& texts,
                                     const Generator::WordCallback& told, GenerateStatistics& spent) {
  return Overlap(model, encoder, options, std::move(prompts), texts, told, spent)();
}

}  // namespace welt
