// See byte_writer.h.
#include "core/generate/byte_writer.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <limits>

#include "core/base/error.h"
#include "core/model/unit_embedding.h"
#include "core/tensor/thread_limit.h"
#include "core/text/bytes.h"
#include "core/text/control.h"

namespace welt {
namespace {

// Multiplications of a byte step below which it runs on one thread. Measured on two cores with 2.7 M parameters: one
// row (2.7 M) takes 0.39 ms on one thread and 0.50 on two, eight rows the same on either.
constexpr std::int64_t alone_below = 30'000'000;

}  // namespace

struct ByteWriter::Row {
  WrittenWord* word;
  const ByteDraws* draws;
  std::int64_t number;              // of the word
  std::vector<std::int64_t> given;  // bytes of the beginning's units
  std::size_t fed = 0;              // of them
  std::uint32_t next = 0;           // unit to feed
  bool done = false;
  UnitAutomaton automaton;
};

ByteWriter::ByteWriter(WeltModel& model, const Segmenter& segmenter, const GenerateOptions& options)
    : model_(model),
      segmenter_(segmenter),
      options_(options),
      units_(model.units()),
      table_(model.decoder_embeddings()) {
  const std::int64_t longest = model.limits().decoder;
  limit_ = model.spec().segmenter.max_bytes;
  // The reference counts what it writes, not what the word then has; EOS counts too.
  capacity_ = options.reference_compatible ? 2 + limit_ + limit_ + 2 : 2 + limit_;
  if (longest > 0) capacity_ = std::min(capacity_, longest);
  parameters_ = 0;
  for (const NamedParameter& parameter : model.decoder().parameters()) {
    std::int64_t size = 1;
    for (const std::int64_t side : parameter.shape) size *= side;
    parameters_ += size;
  }
}

WordRoom ByteWriter::room(const Row& row) const {
  const WrittenWord& word = *row.word;
  const std::int64_t given = std::ssize(row.given) / units_.bytes();
  const std::int64_t of_model = capacity_ - 1 - given - word.units;  // the last unit need not be fed
  if (options_.reference_compatible) {
    const std::int64_t left = std::min(of_model, limit_ + 2 - word.units);
    return {left, left};
  }
  return {of_model, limit_ - std::ssize(word.begin) - std::ssize(word.bytes)};
}

bool ByteWriter::finished(const Row& row) const {
  const WrittenWord& word = *row.word;
  const WordRoom left = room(row);
  if (word.ended || left.units <= 0 || left.bytes <= 0) return true;
  if (word.bytes.empty()) return false;
  if (options_.reference_compatible && units_.bytes() > 1) return false;  // the wrapper's loop looks for EOS alone
  // Behind blanks that the prompt ends in, a word of its own begins; elsewhere given and written are one word.
  return segmenter_.is_complete(word.bytes) ||
         (!options_.reference_compatible && segmenter_.is_complete(word.begin + word.bytes));
}

// logits [N,256]. The most significant byte is chosen first, each of the others among those it leaves.
std::uint32_t ByteWriter::next_unit(const Row& row, const float* logits) const {
  // Minus infinity bars the bytes of no code point (core/model/unit_embedding.h).
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (!std::all_of(logits, logits + 256 * units_.bytes(), [](float logit) { return logit < infinity; }))
    fail({fmt::format("the decoder ({}), word {}, unit {}", model_.spec().decoder.type->id, row.number + 1,
                      row.word->units + 1),
          "its logits are not finite", "finite numbers", "Its weights are damaged: use an earlier checkpoint"},
         ErrorCode::data_loss);
  std::uint32_t unit = 0;
  const WordRoom left = room(row);
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
  row.next = next_unit(row, logits);
  word.ended = row.next == eos_byte;
  if (!word.ended) {
    row.automaton.feed(row.next, word.bytes);
    ++word.units;
  }
  row.done = finished(row);
  return true;
}

at::Tensor ByteWriter::embed(const std::vector<std::int64_t>& bytes) const {
  return embed_units(table_, at::tensor(bytes, at::kLong), units_.bytes()).unsqueeze(1);
}

at::Tensor ByteWriter::forward(const at::Tensor& embeds) {
  const at::Tensor hidden = model_.decoder().forward({embeds, {}}, {.kind = WELT_ATTENTION_CAUSAL}, {}, &*cache_);
  return model_.byte_logits(hidden.select(1, hidden.size(1) - 1), table_).to(at::kFloat).contiguous();
}

void ByteWriter::write(const at::Tensor& latents, std::vector<WrittenWord>& words,
                       const std::vector<const ByteDraws*>& draws, std::int64_t number, GenerateStatistics& spent) {
  std::vector<Row> rows;
  std::vector<std::int64_t> bos;  // bytes
  for (std::size_t i = 0; i < words.size(); ++i) {
    Row& row = rows.emplace_back(Row{.word = &words[i],
                                     .draws = draws[i],
                                     .number = number,
                                     .automaton = UnitAutomaton(units_, options_.reference_compatible)});
    units_.append(as_bytes(words[i].begin), row.given);
    const WordRoom left = room(row);
    row.done = left.units <= 0 || left.bytes <= 0;
    units_.append_unit(bos_byte, bos);
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  const ThreadLimit limit(parameters_ * count < alone_below);
  std::vector<std::int64_t> lengths(rows.size(), 0);
  if (cache_ && static_cast<std::int64_t>(cache_->lengths().size()) == count)
    cache_->truncate(lengths);
  else
    cache_.emplace(model_.decoder().make_cache(count, capacity_, /*rollback=*/capacity_));

  at::Tensor logits = forward(at::cat({latents.to(table_.scalar_type()).unsqueeze(1), embed(bos)}, 1));
  ++spent.byte_steps;
  std::vector<std::size_t> lines(rows.size());  // the row of words that each line of the batch is
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = i;
  const auto line_values = static_cast<std::size_t>(256 * units_.bytes());
  for (;;) {
    std::vector<std::int64_t> active;
    for (std::size_t line = 0; line < lines.size(); ++line) {
      Row& row = rows[lines[line]];
      if (!row.done) spent.bytes += choose(row, logits.const_data_ptr<float>() + line_values * line);
      if (!row.done) active.push_back(static_cast<std::int64_t>(line));
    }
    if (active.empty()) return;
    if (2 * active.size() <= lines.size()) {
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
