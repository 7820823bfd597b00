// See byte_lm_writer.h.
#include "core/generate/byte_lm_writer.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/base/error.h"
#include "core/base/stopwatch.h"
#include "core/data/blocks.h"
#include "core/generate/latent_runner.h"
#include "core/text/control.h"
#include "core/text/utf8_automaton.h"

namespace welt {
namespace {

constexpr std::size_t byte_values = 256;

struct Row {
  GrowingText text;
  ByteDraws draws;
  WrittenWord word = {};    // being written
  std::string so_far = {};  // all bytes written, of this word too
  std::int64_t given = 0;   // bytes of the prompt
  std::int64_t number = 0;  // of the word
  std::uint8_t next = 0;    // byte to read
  Utf8Automaton automaton = Utf8Automaton();
};

class Writing {
 public:
  Writing(WeltModel& model, const Segmenter& segmenter, const GenerateOptions& options, std::vector<GrowingText> rows,
          const std::vector<std::string>& prompts, const Generator::WordCallback& told, GenerateStatistics& spent)
      : model_(model),
        segmenter_(segmenter),
        options_(options),
        told_(told),
        spent_(spent),
        positions_(model.limits().latent),
        max_bytes_(options.max_bytes > 0 ? std::min(options.max_bytes, model.spec().segmenter.max_bytes)
                                         : model.spec().segmenter.max_bytes),
        table_(model.decoder_embeddings()),
        results_(prompts.size()),
        runner_(model.decoder(), std::ssize(rows), positions_of(rows, options.words * max_bytes_, positions_),
                "the decoder") {
    const std::vector<ByteDraws> draws = draws_of(prompts, options.sampling.seed);
    for (GrowingText& text : rows) {
      const std::size_t prompt = text.prompt;
      Row& row = rows_.emplace_back(Row{.text = std::move(text), .draws = draws[prompt]});
      row.word.begin = row.text.begin;
      row.given = std::ssize(prompts[prompt]);
    }
  }

  std::vector<Generated> operator()(const std::vector<std::string>& prompts) {
    const auto start = Clock::now();
    at::Tensor logits = prefill(prompts);
    spent_.prefill += seconds_since(start);
    for (;;) {
      const auto step_start = Clock::now();
      choose(logits);
      if (options_.interrupted()) interrupt();
      keep_unfinished();
      if (rows_.empty()) return std::move(results_);
      logits = read();
      spent_.decode += seconds_since(step_start);
    }
  }

 private:
  at::Tensor logits_of(const at::Tensor& hidden) {  // [rows,D] → float [rows,256]
    ++spent_.byte_steps;
    return model_.byte_logits(hidden, table_).to(at::kFloat).contiguous();
  }

  at::Tensor prefill(const std::vector<std::string>& prompts) {
    std::vector<at::Tensor> vectors;
    std::vector<std::vector<std::int64_t>> prefixes;
    for (const std::string& prompt : prompts) {
      std::vector<std::string> bytes{std::string(1, static_cast<char>(bos_byte))};
      for (const char byte : prompt) bytes.emplace_back(1, byte);
      std::vector<std::int64_t> ids;
      for (const std::string& byte : bytes) ids.push_back(static_cast<std::uint8_t>(byte.front()));
      vectors.push_back(at::embedding(table_, at::tensor(ids, at::kLong)));
      prefixes.push_back(block_ids(bytes));
    }
    return logits_of(at::cat(runner_.prefill(vectors, prefixes)));
  }

  // A byte of each row.
  at::Tensor read() {
    std::vector<std::int64_t> ids;
    for (Row& row : rows_) {
      ids.push_back(row.next);
      ++row.text.position;
    }
    return logits_of(runner_.step(at::embedding(table_, at::tensor(ids, at::kLong))));
  }

  // What the rest of the word may take: a word that has all the bytes it may have ends, as in training.
  std::int64_t room(const Row& row) const {
    const std::int64_t of_word = max_bytes_ - std::ssize(row.word.begin) - std::ssize(row.word.bytes);
    // The last byte need not be read; a character that has begun is ended.
    const std::int64_t of_text = positions_ > 0 ? positions_ - row.text.position + 1 : of_word;
    return std::max<std::int64_t>(1 + row.automaton.owed(), std::min(of_word, of_text));
  }

  void choose(const at::Tensor& logits) {
    for (std::size_t i = 0; i < rows_.size(); ++i)
      write(rows_[i], {logits.const_data_ptr<float>() + byte_values * i, byte_values});
  }

  void write(Row& row, std::span<const float> logits) {
    require_finite(row, logits);
    std::array<double, byte_values> scores;
    std::ranges::copy(logits, scores.begin());
    const std::int64_t left = room(row);
    options_.rules.apply(scores, row.so_far, row.given, left);
    const ByteSet& allowed = row.automaton.allowed(left);
    for (std::size_t byte = 0; byte < scores.size(); ++byte)
      if (!allowed.test(byte)) scores[byte] = -std::numeric_limits<double>::infinity();
    const SamplingOptions& sampling = options_.sampling;
    if (sampling.temperature > 0) filter_scores(scores, sampling);
    if (options_.rules.renormalise) log_softmax(scores);
    std::size_t byte = best_score(scores);
    if (byte == scores.size())
      byte = eos_byte;  // the rules leave nothing
    else if (sampling.temperature > 0)
      byte = draw_score(scores, row.draws.uniform(row.number, row.word.units));
    if (options_.scores) note(row.word.trace, logits, byte, scores[byte]);
    ++spent_.bytes;
    take(row, static_cast<std::uint8_t>(byte));
  }

  static void note(WordTrace& trace, std::span<const float> logits, std::size_t byte, double score) {
    std::array<double, byte_values> plain;
    std::ranges::copy(logits, plain.begin());
    log_softmax(plain);
    trace.bytes.push_back(static_cast<char>(byte));
    trace.scores.push_back(score);
    trace.log_probabilities.push_back(plain[byte]);
  }

  void require_finite(const Row& row, std::span<const float> logits) const {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    if (!std::ranges::all_of(logits, [](float logit) { return logit < infinity; }))
      fail({fmt::format("the decoder ({}), byte {}", model_.spec().decoder.type->id, row.so_far.size() + 1),
            "its logits are not finite", "finite numbers", "Its weights are damaged: use an earlier checkpoint"},
           ErrorCode::data_loss);
  }

  void take(Row& row, std::uint8_t byte) {
    WrittenWord& word = row.word;
    word.ended = options_.rules.ends.test(byte);
    if (!(word.ended && byte == eos_byte)) {
      word.bytes.push_back(static_cast<char>(byte));
      row.so_far.push_back(static_cast<char>(byte));
      row.automaton.feed(byte);
      ++word.units;
      row.next = byte;
    }
    const bool no_position = positions_ > 0 && row.text.position >= positions_;
    const bool full = std::ssize(word.begin) + std::ssize(word.bytes) >= max_bytes_;
    // Behind blanks that the prompt ends in, a word of its own begins; elsewhere given and written are one word.
    const bool complete =
        !word.bytes.empty() && row.automaton.owed() == 0 &&
        (full || segmenter_.is_complete(word.bytes) || segmenter_.is_complete(word.begin + word.bytes));
    if (word.ended || no_position || complete) end_word(row, no_position);
  }

  void end_word(Row& row, bool no_position) {
    const bool ended = row.word.ended;
    const std::size_t before = row.text.out.text.size();
    row.text.take(row.word, options_);
    if (row.text.out.text.size() > before) {
      ++spent_.words;
      if (told_) told_(row.text.prompt, row.text.out.words.back());
    }
    row.word = {};
    ++row.number;
    if (row.text.done) return;
    if (ended)
      row.text.finish(FinishReason::end_of_text);
    else if (row.number == options_.words)
      row.text.finish(FinishReason::words);
    else if (no_position)
      row.text.finish(FinishReason::positions);
  }

  void interrupt() {
    for (Row& row : rows_)
      if (!row.text.done) row.text.finish(FinishReason::interrupted);
  }

  void keep_unfinished() {
    std::vector<Row> going;
    std::vector<std::int64_t> kept;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].text.done) {
        results_[rows_[i].text.prompt] = std::move(rows_[i].text.out);
      } else {
        kept.push_back(static_cast<std::int64_t>(i));
        going.push_back(std::move(rows_[i]));
      }
    }
    const bool fewer = kept.size() < rows_.size();
    rows_ = std::move(going);
    if (fewer && !kept.empty()) runner_.keep(kept);
  }

  WeltModel& model_;
  const Segmenter& segmenter_;
  const GenerateOptions& options_;
  const Generator::WordCallback& told_;
  GenerateStatistics& spent_;
  std::int64_t positions_, max_bytes_;
  at::Tensor table_;  // [256,E]
  std::vector<Generated> results_;
  LatentRunner runner_;
  std::vector<Row> rows_;
};

}  // namespace

void check_bytes(const GenerateOptions& options) {
  const auto refuse = [](bool given, const char* option) {
    if (given)
      fail({option, "given to a byte_lm", "options of what is written byte by byte: temperature, filters, rules, words",
            "Leave it out"},
           ErrorCode::unimplemented);
  };
  refuse(options.reference_compatible, "reference-compatible");
  refuse(options.beams.beams > 1, "beams");
  refuse(options.beams.word_beams > 1, "word-beams");
  refuse(options.speculate > 0, "speculate");
}

std::vector<Generated> write_bytes(WeltModel& model, const Segmenter& segmenter, const GenerateOptions& options,
                                   std::vector<GrowingText> rows, const std::vector<std::string>& prompts,
                                   const Generator::WordCallback& told, GenerateStatistics& spent) {
  return Writing(model, segmenter, options, std::move(rows), prompts, told, spent)(prompts);
}

}  // namespace welt
