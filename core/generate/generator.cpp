// See generator.h.
#include "core/generate/generator.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/base/stopwatch.h"
#include "core/data/blocks.h"
#include "core/generate/byte_writer.h"
#include "core/generate/latent_runner.h"
#include "core/generate/word_encoder.h"
#include "core/text/bytes.h"

namespace welt {
namespace {

// One prompt on its way to a text.
struct Row {
  std::size_t prompt = 0;
  std::vector<std::string> words;  // that the latent transformer reads first
  std::string begin;               // of a word that the prompt ends in the middle of
  std::int64_t position = 0;       // words it has read
  Generated out;
  bool done = false;
};

std::string prompt_name(std::size_t index) { return fmt::format("prompt {}", index + 1); }

std::vector<std::int64_t> prefix_ids(const std::vector<std::string>& words) {
  std::vector<Block> blocks;
  BlockFaults ignored;
  find_blocks(
      0, words.size(), [&](std::uint64_t i) -> const std::string& { return words[i]; }, blocks, ignored);
  std::vector<std::int64_t> ids(words.size(), -1);
  for (std::size_t block = 0; block < blocks.size(); ++block)
    for (std::uint64_t i = blocks[block].first; i <= blocks[block].last; ++i) ids[i] = static_cast<std::int64_t>(block);
  return ids;
}

void finish(Row& row, FinishReason reason) {
  row.done = true;
  row.out.finish = reason;
}

}  // namespace

std::string_view finish_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::end_of_text:
      return "end";
    case FinishReason::words:
      return "words";
    default:
      return "positions";
  }
}

struct Generator::State {
  explicit State(WeltModel& used) : model(used), encoder(used) {}
  WeltModel& model;
  WordEncoder encoder;

  std::vector<Row> read_prompts(const std::vector<std::string>& prompts) const;
  // What was written for a row's word: into its text, and the word as it is read back ("": the row is done).
  std::string take(Row& row, const WrittenWord& word, const GenerateOptions& options) const;
};

std::vector<Row> Generator::State::read_prompts(const std::vector<std::string>& prompts) const {
  std::vector<Row> rows;
  const std::int64_t positions = model.limits().latent;
  const auto longest = static_cast<std::size_t>(model.spec().segmenter.max_bytes);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    Row row{.prompt = i, .words = encoder.words(prompts[i], prompt_name(i))};
    const std::string& last = row.words.back();
    // A word that has all the bytes it may have is finished, whatever it lacks.
    if (row.words.size() > 1 && last.size() < longest && !encoder.segmenter().is_complete(last)) {
      row.begin = last;
      row.words.pop_back();
    }
    row.position = std::ssize(row.words);
    if (positions > 0 && row.position > positions)
      fail({prompt_name(i), fmt::format("{} words, the start of the text included", row.position),
            fmt::format("at most {}, the latent transformer's positions", positions), "Shorten it"},
           ErrorCode::out_of_range);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string Generator::State::take(Row& row, const WrittenWord& word, const GenerateOptions& options) const {
  std::string text = word.bytes, read = word.begin + word.bytes;
  if (options.reference_compatible) {
    const std::vector<std::uint8_t> ids(text.begin(), text.end());
    read = text = decode_bytes(ids, /*skip_special=*/true);
  }
  row.begin.clear();
  if (!text.empty()) {
    row.out.text += text;
    row.out.words.push_back(text);
  }
  if (read.empty()) finish(row, FinishReason::end_of_text);
  return read;
}

Generator::Generator(WeltModel& model) : state_(std::make_unique<State>(model)) {}
Generator::~Generator() = default;

std::vector<Generated> Generator::generate(const std::vector<std::string>& prompts, const GenerateOptions& options,
                                           const WordCallback& told, GenerateStatistics* statistics) {
  options.sampling.check();
  if (options.words < 0) fail({"words", std::to_string(options.words), "0 or more", {}});
  const at::NoGradGuard no_grad;
  GenerateStatistics ignored;
  GenerateStatistics& spent = statistics ? *statistics : ignored;
  WeltModel& model = state_->model;
  model.set_training(false);
  std::vector<Row> rows = state_->read_prompts(prompts);
  std::vector<ByteDraws> draws;
  std::map<std::string_view, std::uint64_t> occurrences;
  for (const std::string& prompt : prompts) draws.emplace_back(options.sampling.seed, prompt, occurrences[prompt]++);

  std::vector<Generated> results(prompts.size());
  if (prompts.empty()) return results;
  auto start = Clock::now();
  std::int64_t capacity = 0;
  std::vector<at::Tensor> vectors;
  std::vector<std::vector<std::int64_t>> prefixes;
  for (const Row& row : rows) {
    capacity = std::max(capacity, row.position + options.words);
    vectors.push_back(state_->encoder.encode(row.words));
    prefixes.push_back(prefix_ids(row.words));
  }
  const std::int64_t positions = model.limits().latent;
  if (positions > 0) capacity = std::min(capacity, positions);
  LatentRunner runner(model.latent_transformer(), std::ssize(rows), capacity);
  ByteWriter writer(model, state_->encoder.segmenter(), options);
  at::Tensor latents = options.words > 0 ? model.map_latents(runner.prefill(vectors, prefixes)).latents : at::Tensor();
  spent.prefill += seconds_since(start);

  for (std::int64_t number = 0; number < options.words && !rows.empty(); ++number) {
    start = Clock::now();
    std::vector<WrittenWord> words;
    std::vector<const ByteDraws*> row_draws;
    for (const Row& row : rows) {
      words.push_back({.begin = row.begin});
      row_draws.push_back(&draws[row.prompt]);
    }
    writer.write(latents, words, row_draws, std::vector<std::int64_t>(rows.size(), number), spent);
    spent.decode += seconds_since(start);

    start = Clock::now();
    std::vector<std::string> read;
    std::vector<std::int64_t> kept;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      Row& row = rows[i];
      const std::size_t before = row.out.words.size();
      std::string word = state_->take(row, words[i], options);
      if (row.out.words.size() > before) {
        ++spent.words;
        if (told) told(row.prompt, row.out.words.back());
      }
      if (!row.done && number + 1 < options.words && positions > 0 && row.position >= positions)
        finish(row, FinishReason::positions);
      if (row.done) continue;
      ++row.position;
      kept.push_back(static_cast<std::int64_t>(i));
      read.push_back(std::move(word));
    }
    std::vector<Row> going;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].done) results[rows[i].prompt] = std::move(rows[i].out);
    }
    for (const std::int64_t i : kept) going.push_back(std::move(rows[static_cast<std::size_t>(i)]));
    const bool fewer = kept.size() < rows.size();
    rows = std::move(going);
    if (rows.empty() || number + 1 == options.words) break;
    if (fewer) runner.keep(kept);
    const at::Tensor encoded = state_->encoder.encode(read);
    spent.encode += seconds_since(start);
    start = Clock::now();
    latents = model.map_latents(runner.step(encoded)).latents;
    ++spent.word_steps;
    spent.latent += seconds_since(start);
  }
  for (Row& row : rows) results[row.prompt] = std::move(row.out);  // stopped by the number of words
  return results;
}

}  // namespace welt
