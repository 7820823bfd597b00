// See byte_writer.h.
#include "core/generate/byte_writer.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/base/error.h"
#include "core/model/unit_embedding.h"
#include "core/tensor/thread_limit.h"
#include "core/text/bytes.h"
#include "core/text/control.h"

namespace welt {
namespace {

void note(WordTrace& trace, std::span<const float> logits, std::size_t byte, double score) {
  std::array<double, 256> plain;
  std::ranges::copy(logits, plain.begin());
  log_softmax(plain);
  trace.bytes.push_back(static_cast<char>(byte));
  trace.scores.push_back(score);
  trace.log_probabilities.push_back(plain[byte]);
}

// Multiplications of a byte step below which it runs on one thread. With 2.7 M parameters and AVX-512 the products of
// eight rows (22 M) take 0.43 ms on one thread, and meeting for each of them 1.1 us where the second core is free; those
// of one row 0.14 ms, of which that would be a quarter.
constexpr std::int64_t alone_below = 16'000'000;

}  // namespace

ByteWriter::ByteWriter(WeltModel& model, const Segmenter& segmenter, const GenerateOptions& options)
    : model_(model),
      segmenter_(segmenter),
      options_(options),
      units_(model.units()),
      table_(model.decoder_embeddings()),
      context_(model.spec().decoder_context),
      parameters_(model.decoder().parameter_count()) {
  const std::int64_t longest = model.limits().decoder;
  limit_ = model.spec().segmenter.max_bytes;
  // The reference counts what it writes, not what the word then has; EOS counts too.
  capacity_ = context_ + 1 + limit_ + (options.reference_compatible ? written_limit() : 0);
  if (!options.reference_compatible && options.max_bytes > 0) limit_ = std::min(limit_, options.max_bytes);
  plain_ = !options.rules.any() && !options.scores && options.pad == pad_byte;
  if (longest > 0) capacity_ = std::min(capacity_, longest);
}

bool ByteWriter::is_small(std::int64_t tokens) const { return parameters_ * tokens < alone_below; }

// Of the reference: bytes written for a word at most.
std::int64_t ByteWriter::written_limit() const {
  return options_.max_bytes > 0 ? options_.max_bytes : model_.spec().segmenter.max_bytes + 2;
}

WordRoom ByteWriter::room(const WrittenWord& word, std::int64_t given) const {
  const std::int64_t of_model = capacity_ - context_ - given - word.units;  // the last unit need not be fed
  if (options_.reference_compatible) {
    const std::int64_t left = std::min(of_model, written_limit() - word.units);
    return {left, left};
  }
  return {of_model, limit_ - std::ssize(word.begin) - std::ssize(word.bytes)};
}

bool ByteWriter::finished(const WrittenWord& word, std::int64_t given) const {
  const WordRoom left = room(word, given);
  if (word.ended || left.units <= 0 || left.bytes <= 0) return true;
  if (word.bytes.empty()) return false;
  if (options_.reference_compatible && units_.bytes() == 1)
    for (const std::string& stop : options_.stop)
      if (word.bytes.ends_with(stop)) return true;
  if (options_.reference_compatible && units_.bytes() > 1) return false;  // the wrapper's loop looks for EOS alone
  // The reference looks at the text of the bytes, without those that are ill-formed.
  if (options_.reference_compatible)
    return segmenter_.is_complete(decode_bytes(as_bytes(word.bytes), /*skip_special=*/false));
  // Behind blanks that the prompt ends in, a word of its own begins; elsewhere given and written are one word.
  return segmenter_.is_complete(word.bytes) || segmenter_.is_complete(word.begin + word.bytes);
}

void ByteWriter::require_finite(const WrittenWord& word, std::int64_t number, std::span<const float> logits) const {
  // Minus infinity bars the bytes of no code point (core/model/unit_embedding.h).
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (!std::ranges::all_of(logits, [](float logit) { return logit < infinity; }))
    fail({fmt::format("the decoder ({}), word {}, unit {}", model_.spec().decoder.type->id, number + 1, word.units + 1),
          "its logits are not finite", "finite numbers", "Its weights are damaged: use an earlier checkpoint"},
         ErrorCode::data_loss);
}

void ByteWriter::score(std::span<const float> logits, const WrittenWord& word, const UnitAutomaton& automaton, bool log,
                       std::span<double> scores) const {
  std::ranges::copy(logits, scores.begin());
  if (log) log_softmax(scores);
  const std::int64_t given = std::ssize(word.begin);
  const WordRoom left = room(word, given);
  options_.rules.apply(scores, word.bytes, given, std::min(left.units, left.bytes));
  const ByteSet allowed = automaton.allowed(0, 0, left);
  for (std::size_t byte = 0; byte < scores.size(); ++byte)
    if (!allowed.test(byte)) scores[byte] = -std::numeric_limits<double>::infinity();
}

// A word in bytes, under rules, or with its scores noted.
std::uint32_t ByteWriter::next_byte(Row& row, std::span<const float> logits) const {
  WrittenWord& word = *row.word;
  std::array<double, 256> scores;
  score(logits, word, row.automaton, /*log=*/false, scores);
  const SamplingOptions& sampling = options_.sampling;
  if (sampling.temperature > 0) filter_scores(scores, sampling);
  if (options_.rules.renormalise) log_softmax(scores);
  std::size_t byte = best_score(scores);
  if (byte == scores.size())  // nothing is left: the reference takes the first byte, here the word ends
    byte = options_.reference_compatible ? 0 : eos_byte;
  else if (sampling.temperature > 0)
    byte = draw_score(scores, row.draws->uniform(row.number, word.units));
  if (options_.scores) note(word.trace, logits, byte, scores[byte]);
  return static_cast<std::uint32_t>(byte);
}

// The reference goes on with a row that has ended, in pads, until all have.
void ByteWriter::pad(Row& row, std::span<const float> logits) const {
  std::array<double, 256> scores;
  score(logits, *row.word, row.automaton, /*log=*/false, scores);
  if (options_.rules.renormalise) log_softmax(scores);
  note(row.word->trace, logits, options_.pad, scores[options_.pad]);
  row.word->bytes.push_back(static_cast<char>(options_.pad));
  ++row.word->units;
  row.next = options_.pad;
}

// logits [N,256]. The most significant byte is chosen first, each of the others among those it leaves.
std::uint32_t ByteWriter::next_unit(const Row& row, const float* logits) const {
  std::uint32_t unit = 0;
  const WordRoom left = room(*row.word, row.given_units);
  for (std::int64_t place = units_.bytes() - 1; place >= 0; --place) {
    const std::int64_t number = (row.word->units + 1) * units_.bytes() - 1 - place;
    const double draw = options_.sampling.temperature > 0 ? row.draws->uniform(row.number, number) : 0.0;
    const std::uint32_t byte =
        choose_byte({logits + 256 * place, 256}, row.automaton.allowed(unit, place, left), options_.sampling, draw);
    unit |= byte << (8 * place);
  }
  return unit;
}

// Takes the row's next unit: of its beginning, as long as there is any, else one that the logits choose. Was it chosen?
bool ByteWriter::choose(Row& row, const float* logits) const {
  if (row.fed < row.given.size()) {
    row.next = 0;
    for (std::int64_t place = 0; place < units_.bytes(); ++place)
      row.next |= static_cast<std::uint32_t>(row.given[row.fed++]) << (8 * place);
    return false;
  }
  WrittenWord& word = *row.word;
  const std::span<const float> values(logits, static_cast<std::size_t>(256 * units_.bytes()));
  require_finite(word, row.number, values);
  row.next = plain_ || units_.bytes() > 1 ? next_unit(row, logits) : next_byte(row, values);
  take_unit(word, row.automaton, row.next);
  row.done = finished(word, row.given_units);
  return true;
}

// Into the word; not the end byte, unless it ends nothing here.
void ByteWriter::take_unit(WrittenWord& word, UnitAutomaton& automaton, std::uint32_t unit) const {
  const ByteSet& ends = options_.rules.ends;
  word.ended = unit < ends.size() && ends.test(unit);
  if (unit == eos_byte && word.ended) return;
  automaton.feed(unit, word.bytes);
  ++word.units;
}

at::Tensor ByteWriter::embed(const std::vector<std::int64_t>& bytes) const {
  return embed_units(table_, at::tensor(bytes, at::kLong), units_.bytes()).unsqueeze(1);
}

at::Tensor ByteWriter::row_of(const at::Tensor& latents, const std::vector<std::int64_t>& bytes) const {
  return at::cat({latents.to(table_.scalar_type()), embed(bytes).squeeze(1)}).unsqueeze(0);
}

void ByteWriter::make_cache(std::int64_t rows) {
  if (cache_ && static_cast<std::int64_t>(cache_->lengths().size()) == rows)
    cache_->truncate(std::vector<std::int64_t>(static_cast<std::size_t>(rows), 0));
  else
    cache_.emplace(model_.decoder().make_cache(rows, capacity_, /*rollback=*/capacity_));
}

at::Tensor ByteWriter::forward(const at::Tensor& embeds) {
  const at::Tensor hidden = model_.decoder().forward({embeds, {}}, {.kind = WELT_ATTENTION_CAUSAL}, {}, &*cache_);
  return model_.byte_logits(hidden.select(1, hidden.size(1) - 1), table_).to(at::kFloat).contiguous();
}

ByteWriter::Row ByteWriter::row_for(WrittenWord& word, const ByteDraws& draws, std::int64_t number) const {
  Row row{.word = &word,
          .draws = &draws,
          .number = number,
          .automaton = UnitAutomaton(units_, options_.reference_compatible)};
  units_.append(as_bytes(word.begin), row.given);
  row.given_units = std::ssize(row.given) / units_.bytes();
  const WordRoom left = room(word, row.given_units);
  row.done = left.units <= 0 || left.bytes <= 0;
  return row;
}

void ByteWriter::write(const at::Tensor& latents, std::vector<WrittenWord>& words,
                       const std::vector<const ByteDraws*>& draws, std::int64_t number, GenerateStatistics& spent) {
  std::vector<Row> rows;
  std::vector<std::int64_t> bos;  // bytes
  for (std::size_t i = 0; i < words.size(); ++i) {
    rows.push_back(row_for(words[i], *draws[i], number));
    units_.append_unit(bos_byte, bos);
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  const ThreadLimit limit(is_small(count));
  make_cache(count);
  at::Tensor logits = forward(at::cat({latents.to(table_.scalar_type()), embed(bos)}, 1));
  ++spent.byte_steps;
  std::vector<std::size_t> lines(rows.size());  // the row of words that each line of the batch is
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = i;
  const auto line_values = static_cast<std::size_t>(256 * units_.bytes());
  const bool padded = options_.reference_compatible && options_.pad != pad_byte && units_.bytes() == 1;
  for (;;) {
    std::vector<std::int64_t> active;
    for (std::size_t line = 0; line < lines.size(); ++line) {
      Row& row = rows[lines[line]];
      const float* const line_logits = logits.const_data_ptr<float>() + line_values * line;
      if (!row.done)
        spent.bytes += choose(row, line_logits);
      else if (padded)
        pad(row, {line_logits, line_values});
      if (!row.done) active.push_back(static_cast<std::int64_t>(line));
    }
    if (active.empty()) return;
    if (!padded && 2 * active.size() <= lines.size()) {
      cache_->reorder(active);
      std::vector<std::size_t> kept;
      for (const std::int64_t line : active) kept.push_back(lines[static_cast<std::size_t>(line)]);
      lines = std::move(kept);
    }
    std::vector<std::int64_t> bytes;
    for (const std::size_t row : lines) units_.append_unit(rows[row].next, bytes);
    logits = forward(embed(bytes));
    ++spent.byte_steps;
  }
}

}  // namespace welt
