// See generator.h.
#include "core/generate/generator.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/base/stopwatch.h"
#include "core/generate/byte_lm_writer.h"
#include "core/generate/byte_writer.h"
#include "core/generate/growing_text.h"
#include "core/generate/latent_history.h"
#include "core/generate/latent_runner.h"
#include "core/generate/overlap.h"
#include "core/generate/prompt.h"
#include "core/generate/speculation.h"
#include "core/generate/word_encoder.h"
#include "core/generate/word_search.h"
#include "core/model/byte_lm.h"

namespace welt {
namespace {

using Row = GrowingText;

std::string prompt_name(std::size_t index) { return fmt::format("prompt {}", index + 1); }

}  // namespace

std::string_view finish_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::end_of_text:
      return "end";
    case FinishReason::words:
      return "words";
    case FinishReason::stop:
      return "stop";
    case FinishReason::interrupted:
      return "interrupted";
    default:
      return "positions";
  }
}

struct Generator::State {
  State(WeltModel& used, std::shared_ptr<const TextFrontEnd> text) : model(used), encoder(used, std::move(text)) {}
  WeltModel& model;
  WordEncoder encoder;
  WeltModel* draft = nullptr;
  std::optional<WordEncoder> draft_encoder;

  std::vector<Row> read_prompts(const std::vector<std::string>& prompts) const;
};

std::vector<Row> Generator::State::read_prompts(const std::vector<std::string>& prompts) const {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    Prompt prompt = read_prompt(model, encoder.text(), prompts[i], prompt_name(i));
    // Of a byte_lm: BOS and all bytes, those of a word that goes on too.
    const std::int64_t position = is_byte_lm(model.spec()) ? std::ssize(prompts[i]) + 1 : std::ssize(prompt.words);
    rows.push_back(
        {.prompt = i, .words = std::move(prompt.words), .begin = std::move(prompt.begin), .position = position});
  }
  return rows;
}

namespace {

// One call of generate(): the rows that still go on, and what they have in caches.
class Writing {
 public:
  Writing(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options, std::vector<Row> rows,
          const std::vector<std::string>& prompts, GenerateStatistics& spent)
      : model_(model),
        encoder_(encoder),
        options_(options),
        rows_(std::move(rows)),
        results_(prompts.size()),
        positions_(model.limits().latent),
        runner_(model.latent_transformer(), std::ssize(rows_), positions_of(rows_, options.words, positions_)),
        writer_(model, encoder.text().segmenter(), options),
        latents_(model),
        spent_(spent),
        draws_(draws_of(prompts, options.sampling.seed)) {}

  void prefill() {
    const auto start = Clock::now();
    latents_.start(runner_, encoder_, rows_);
    spent_.prefill += seconds_since(start);
  }

  // A word for every row; then, unless it was the last one, the rows that go on read it.
  void word(std::int64_t number, const Generator::WordCallback& told) {
    std::vector<WrittenWord> words = write(number);
    const bool last = number + 1 == options_.words;
    std::vector<std::string> read;
    std::vector<std::int64_t> kept;
    const bool together = options_.reference_compatible && options_.scores;
    bool over = true;  // of the reference, whose rows all go on until none has written anything
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      Row& row = rows_[i];
      std::string word = take(row, words[i], told);
      over = over && word.empty();
      if (together && !last) row.done = false;
      if (!row.done && !last && positions_ > 0 && row.position >= positions_) row.finish(FinishReason::positions);
      if (row.done) continue;
      ++row.position;
      kept.push_back(static_cast<std::int64_t>(i));
      read.push_back(std::move(word));
    }
    if (together && over) {
      kept.clear();
      for (Row& row : rows_) row.done = true;
    }
    keep(kept);
    if (!last && !rows_.empty()) step(read);
  }

  bool done() const { return rows_.empty(); }

  void interrupt() {
    for (Row& row : rows_) row.finish(FinishReason::interrupted);
  }

  std::vector<Generated> take_results() {
    for (Row& row : rows_) results_[row.prompt] = std::move(row.out);  // by the number of words, or interrupted
    return std::move(results_);
  }

 private:
  std::vector<WrittenWord> write(std::int64_t number) {
    const auto start = Clock::now();
    std::vector<WrittenWord> words;
    std::vector<const ByteDraws*> draws;
    for (const Row& row : rows_) {
      words.push_back({.begin = row.begin});
      draws.push_back(&draws_[row.prompt]);
    }
    if (options_.beams.beams > 1)
      search(words, draws, number);
    else
      for (const LatentHistory::Group& group : latents_.groups()) write_group(group, words, draws, number);
    spent_.decode += seconds_since(start);
    return words;
  }

  void write_group(const LatentHistory::Group& group, std::vector<WrittenWord>& words,
                   const std::vector<const ByteDraws*>& draws, std::int64_t number) {
    std::vector<WrittenWord> of_group;
    std::vector<const ByteDraws*> draws_of_group;
    for (const std::size_t i : group.rows) {
      of_group.push_back(std::move(words[i]));
      draws_of_group.push_back(draws[i]);
    }
    writer_.write(group.latents, of_group, draws_of_group, number, spent_);
    for (std::size_t i = 0; i < group.rows.size(); ++i) words[group.rows[i]] = std::move(of_group[i]);
  }

  void search(std::vector<WrittenWord>& words, const std::vector<const ByteDraws*>& draws, std::int64_t number) {
    std::size_t longest = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
      words[i] =
          writer_.search(latents_.row(i), words[i].begin, *draws[i], number, options_.beams.beams, spent_).front();
      longest = std::max(longest, words[i].bytes.size());
    }
    // The reference fills rows with the first end byte, if it has no pad: one that is text shows.
    if (options_.reference_compatible && options_.pad != pad_byte)
      for (WrittenWord& word : words) word.bytes.resize(longest, static_cast<char>(options_.pad));
  }

  // Puts what was written into the row's text. The word as it is read back, or "": the row is done.
  std::string take(Row& row, WrittenWord& word, const Generator::WordCallback& told) {
    const std::size_t before = row.out.text.size();
    std::string read = row.take(word, options_);
    if (row.out.text.size() > before) {
      ++spent_.words;
      if (told) told(row.prompt, row.out.words.back());
    }
    return read;
  }

  void keep(const std::vector<std::int64_t>& kept) {
    if (kept.size() == rows_.size()) return;
    std::vector<Row> going;
    for (Row& row : rows_)
      if (row.done) results_[row.prompt] = std::move(row.out);
    for (const std::int64_t i : kept) going.push_back(std::move(rows_[static_cast<std::size_t>(i)]));
    rows_ = std::move(going);
    if (kept.empty()) return;
    runner_.keep(kept);
    latents_.keep(kept);
  }

  void step(const std::vector<std::string>& words) {
    auto start = Clock::now();
    const at::Tensor encoded = encoder_.encode(words);
    spent_.encode += seconds_since(start);
    start = Clock::now();
    latents_.add(runner_.step(encoded));
    ++spent_.word_steps;
    spent_.latent += seconds_since(start);
  }

  WeltModel& model_;
  WordEncoder& encoder_;
  const GenerateOptions& options_;
  std::vector<Row> rows_;
  std::vector<Generated> results_;
  std::int64_t positions_;
  LatentRunner runner_;
  ByteWriter writer_;
  LatentHistory latents_;
  GenerateStatistics& spent_;
  std::vector<ByteDraws> draws_;
};

}  // namespace

Generator::Generator(WeltModel& model, std::shared_ptr<const TextFrontEnd> text)
    : state_(std::make_unique<State>(model, text ? std::move(text) : std::make_shared<TextFrontEnd>(model))) {}
Generator::~Generator() = default;

void Generator::set_draft(WeltModel& draft) {
  require_words(state_->model.spec(), "words that a draft could guess");
  require_words(draft.spec(), "words to guess");
  state_->draft = &draft;
  state_->draft_encoder.emplace(draft, std::make_shared<TextFrontEnd>(draft));
}

std::vector<Generated> Generator::generate(const std::vector<std::string>& prompts, const GenerateOptions& options,
                                           const WordCallback& told, GenerateStatistics* statistics) {
  const bool byte_lm = is_byte_lm(state_->model.spec());
  options.check(state_->model.units().bytes() == 1);
  if (byte_lm) check_bytes(options);
  const at::NoGradGuard no_grad;
  GenerateStatistics ignored;
  state_->model.set_training(false);
  std::vector<Row> rows = state_->read_prompts(prompts);
  if (prompts.empty() || options.words == 0) return std::vector<Generated>(prompts.size());
  GenerateStatistics& spent = statistics ? *statistics : ignored;
  if (byte_lm)
    return write_bytes(state_->model, state_->encoder.text().segmenter(), options, std::move(rows), prompts, told,
                       spent);
  if (options.beams.word_beams > 1)
    return search_words(state_->model, state_->encoder, options, std::move(rows), prompts, told, spent);
  if (options.speculate > 0) {
    const DraftParts draft{state_->draft, state_->draft ? &*state_->draft_encoder : nullptr};
    return speculate_texts(state_->model, state_->encoder, draft, options, std::move(rows), prompts, told, spent);
  }
  if (can_overlap(state_->model, options) && pays_to_overlap(state_->model, prompts.size()))
    return overlap_texts(state_->model, state_->encoder, options, std::move(rows), prompts, told, spent);
  Writing writing(state_->model, state_->encoder, options, std::move(rows), prompts, spent);
  writing.prefill();
  for (std::int64_t number = 0; number < options.words && !writing.done(); ++number) {
    if (options.interrupted()) {
      writing.interrupt();
      break;
    }
    writing.word(number, told);
  }
  return writing.take_results();
}

}  // namespace welt
