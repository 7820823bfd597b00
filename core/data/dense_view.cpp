// See dense_view.h.
#include "core/data/dense_view.h"

#include <algorithm>
#include <string_view>

#include "core/base/error.h"

namespace welt {
namespace {

using Word = std::span<const std::uint8_t>;

struct Ids {
  DenseExample::Table ids, mask;
};

// Absent words give rows of zeros.
Ids table_of(const std::vector<const Word*>& words, std::size_t width) {
  Ids out;
  for (const Word* word : words) {
    std::vector<std::uint8_t> ids(width, pad_byte), mask(width, 0);
    if (word != nullptr) {
      ids[0] = bos_byte;
      std::copy(word->begin(), word->end(), ids.begin() + 1);
      ids[word->size() + 1] = eos_byte;
      std::fill_n(mask.begin(), word->size() + 2, std::uint8_t{1});
      if (word->size() == 1 && word->front() == pad_byte) mask[1] = 0;
    }
    out.ids.push_back(std::move(ids));
    out.mask.push_back(std::move(mask));
  }
  return out;
}

DenseExample::Table columns(const DenseExample::Table& table, std::size_t from, std::size_t count) {
  DenseExample::Table out;
  for (const auto& row : table) out.emplace_back(row.begin() + from, row.begin() + from + count);
  return out;
}

}  // namespace

DenseExample dense_example(const Batch& batch, std::int64_t row) {
  if (row < 0 || row >= batch.rows) {
    fail({"batch", fmt::format("row {}", row), fmt::format("0 to {}", batch.rows - 1)}, ErrorCode::out_of_range);
  }
  const std::int64_t start = row * batch.words;
  std::int64_t length = 0;
  while (length < batch.words && batch.input[start + length] >= 0) ++length;

  std::vector<Word> entries;
  for (std::int64_t i = 0; i < batch.table.size(); ++i) entries.push_back(batch.table.word(i));
  std::vector<const Word*> inputs, labels;
  std::size_t input_width = 0, label_width = 0;
  DenseExample out;
  for (std::int64_t slot = start; slot < start + length; ++slot) {
    inputs.push_back(&entries[batch.input[slot]]);
    labels.push_back(batch.label[slot] < 0 ? nullptr : &entries[batch.label[slot]]);
    input_width = std::max(input_width, inputs.back()->size() + 2);
    const bool goes_on = slot + 1 < start + length && batch.document[slot + 1] == batch.document[slot];
    const std::size_t masked_size = goes_on ? entries[batch.input[slot + 1]].size() : 0;
    label_width = std::max(label_width, (labels.back() != nullptr ? labels.back()->size() : masked_size) + 2);
    out.position_ids.push_back(batch.position[slot]);
    std::vector<std::uint8_t> sees;
    for (std::int64_t key = start; key < start + length; ++key) {
      const bool causal = key <= slot && batch.document[key] == batch.document[slot];
      const bool prefix = batch.prefix[slot] >= 0 && batch.prefix[key] == batch.prefix[slot];
      sees.push_back(causal || prefix ? 1 : 0);
    }
    out.attention_mask.push_back(std::move(sees));
  }
  Ids input = table_of(inputs, input_width);
  const Ids label = table_of(labels, label_width);
  out.input_ids = std::move(input.ids);
  out.input_attention_mask = std::move(input.mask);
  const std::size_t kept = label_width > 0 ? label_width - 1 : 0;
  out.labels_input = columns(label.ids, 0, kept);
  out.labels_attention_mask = columns(label.mask, 0, kept);
  out.labels_output = columns(label.ids, 1, kept);
  return out;
}

}  // namespace welt
