// See byte_writer.h.
#include "core/generate/byte_writer.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "core/model/thread_limit.h"

namespace welt {
namespace {

// Multiplications of a byte step below which it runs on one thread. Measured on two cores with 2.7 M parameters: one
// row (2.7 M) takes 0.39 ms on one thread and 0.50 on two, eight rows the same on either.
constexpr std::int64_t alone_below = 30'000'000;

}  // namespace

struct ByteWriter::Row {
  WrittenWord* word;
  const ByteDraws* draws;
  std::int64_t number;    // of the word
  std::size_t fed = 0;    // bytes of the beginning that were fed
  std::uint8_t next = 0;  // byte to feed
  bool done = false;
  Utf8Automaton utf8;
};

ByteWriter::ByteWriter(WeltModel& model, const Segmenter& segmenter, const GenerateOptions& options)
    : model_(model), segmenter_(segmenter), options_(options), table_(model.decoder_embeddings()) {
  const std::int64_t longest = model.limits().decoder;
  limit_ = model.spec().segmenter.max_bytes;
  // The reference counts what it writes, not what the word then has; the end byte counts too.
  capacity_ = options.reference_compatible ? 2 + limit_ + limit_ + 2 : 2 + limit_;
  if (longest > 0) capacity_ = std::min(capacity_, longest);
  parameters_ = 0;
  for (const NamedParameter& parameter : model.decoder().parameters()) {
    std::int64_t size = 1;
    for (const std::int64_t side : parameter.shape) size *= side;
    parameters_ += size;
  }
}

std::int64_t ByteWriter::room(const WrittenWord& word) const {
  const auto given = static_cast<std::int64_t>(word.begin.size()),
             written = static_cast<std::int64_t>(word.bytes.size());
  const std::int64_t of_model = capacity_ - 1 - given - written;  // the last byte need not be fed
  return std::min(of_model, options_.reference_compatible ? limit_ + 2 - written : limit_ - given - written);
}

bool ByteWriter::finished(const WrittenWord& word) const {
  if (word.ended || room(word) <= 0) return true;
  if (word.bytes.empty()) return false;
  // Behind blanks that the prompt ends in, a word of its own begins; elsewhere given and written are one word.
  return segmenter_.is_complete(word.bytes) ||
         (!options_.reference_compatible && segmenter_.is_complete(word.begin + word.bytes));
}

ByteSet ByteWriter::allowed(const Row& row) const {
  if (options_.reference_compatible) return reference_allowed_bytes(row.word->bytes);
  ByteSet set = row.utf8.allowed(room(*row.word));
  set.reset(pad_byte);  // never in a text that was learnt
  set.reset(bos_byte);
  return set;
}

// Takes the row's next byte: of its beginning, as long as there is any, else one that the logits choose. Was it chosen?
bool ByteWriter::choose(Row& row, std::span<const float> logits) const {
  WrittenWord& word = *row.word;
  if (row.fed < word.begin.size()) {
    row.next = static_cast<std::uint8_t>(word.begin[row.fed++]);
    row.utf8.feed(row.next);
    return false;
  }
  const double draw = options_.sampling.temperature > 0
                          ? row.draws->uniform(row.number, static_cast<std::int64_t>(word.bytes.size()))
                          : 0.0;
  row.next = choose_byte(logits, allowed(row), options_.sampling, draw);
  word.ended = row.next == eos_byte;
  if (!word.ended) word.bytes.push_back(static_cast<char>(row.next));
  row.utf8.feed(row.next);
  row.done = finished(word);
  return true;
}

at::Tensor ByteWriter::forward(const at::Tensor& embeds) {
  const at::Tensor hidden = model_.decoder().forward({embeds, {}}, {.kind = WELT_ATTENTION_CAUSAL}, {}, &*cache_);
  return model_.byte_logits(hidden.select(1, hidden.size(1) - 1), table_).to(at::kFloat).contiguous();
}

void ByteWriter::write(const at::Tensor& latents, std::vector<WrittenWord>& words,
                       const std::vector<const ByteDraws*>& draws, std::int64_t number, GenerateStatistics& spent) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < words.size(); ++i)
    rows.push_back({.word = &words[i], .draws = draws[i], .number = number, .done = room(words[i]) <= 0});
  const auto count = static_cast<std::int64_t>(rows.size());
  const ThreadLimit limit(parameters_ * count < alone_below);
  std::vector<std::int64_t> lengths(rows.size(), 0);
  if (cache_ && static_cast<std::int64_t>(cache_->lengths().size()) == count)
    cache_->truncate(lengths);
  else
    cache_.emplace(model_.decoder().make_cache(count, capacity_, /*rollback=*/capacity_));

  const at::Tensor start = table_[bos_byte].expand({count, 1, table_.size(1)});
  at::Tensor logits = forward(at::cat({latents.to(table_.scalar_type()).unsqueeze(1), start}, 1));  // [n,256]
  ++spent.byte_steps;
  std::vector<std::size_t> lines(rows.size());  // the row of words that each line of the batch is
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = i;
  for (;;) {
    std::vector<std::int64_t> ids, active;
    for (std::size_t line = 0; line < lines.size(); ++line) {
      Row& row = rows[lines[line]];
      if (!row.done) spent.bytes += choose(row, {logits.const_data_ptr<float>() + 256 * line, 256});
      if (!row.done) active.push_back(static_cast<std::int64_t>(line));
      ids.push_back(row.next);
    }
    if (active.empty()) return;
    if (2 * active.size() <= lines.size()) {
      cache_->reorder(active);
      std::vector<std::size_t> kept;
      ids.clear();
      for (const std::int64_t line : active) {
        kept.push_back(lines[static_cast<std::size_t>(line)]);
        ids.push_back(rows[kept.back()].next);
      }
      lines = std::move(kept);
    }
    logits = forward(at::embedding(table_, at::tensor(ids, at::kLong)).unsqueeze(1));
    ++spent.byte_steps;
  }
}

}  // namespace welt
