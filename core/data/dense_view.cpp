// See dense_view.h.
#include "core/data/dense_view.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/text/bytes.h"
#include "core/text/control.h"
#include "core/text/tokenizer.h"

namespace welt {
namespace {

using Ids = std::vector<std::uint32_t>;

template <typename Unit>
Ids tokenized(std::string_view word, const TokenizeOptions& options) {
  TokenRows<Unit> rows;
  tokenize<Unit>({&word, 1}, options, rows);
  return {rows.ids.begin(), rows.ids.end()};
}

// BOS, the word, EOS.
Ids ids_of(std::string_view word, Encoding encoding, const DenseOptions& options) {
  TokenizeOptions limits{.reference_compatible = options.cut_characters};
  if (options.max_length > 0) limits.max_length = options.max_length;
  if (encoding == Encoding::utf16) return tokenized<std::uint16_t>(word, limits);
  if (encoding == Encoding::utf32) return tokenized<std::uint32_t>(word, limits);
  return tokenized<std::uint8_t>(word, limits);
}

class DenseBuilder {
 public:
  DenseBuilder(const Batch& batch, std::int64_t row, const DenseOptions& options)
      : batch_(batch), start_(row * batch.words) {
    while (length_ < batch.words && batch.input[start_ + length_] >= 0) ++length_;
    ids_.resize(static_cast<std::size_t>(batch.table.size()));
    for (std::int64_t slot = start_; slot < start_ + length_; ++slot) {
      for (const std::int64_t entry : {batch.input[slot], batch.label[slot]}) {
        if (entry >= 0 && ids_[entry].empty())
          ids_[entry] = ids_of(as_text(batch.table.word(entry)), batch.table.units.encoding(), options);
      }
    }
  }

  DenseExample build() {
    DenseExample out;
    const std::size_t input_width = width(&DenseBuilder::input_size), label_width = width(&DenseBuilder::label_size);
    for (std::int64_t slot = start_; slot < start_ + length_; ++slot) {
      out.position_ids.push_back(batch_.position[slot]);
      out.attention_mask.push_back(sees(slot));
      Ids ids = batch_.input[slot] < 0 ? Ids() : ids_[batch_.input[slot]];
      std::vector<std::uint8_t> mask = mask_of(ids, input_width);
      if (is_nul(ids)) mask[1] = 0;
      ids.resize(input_width, pad_byte);
      out.input_ids.push_back(std::move(ids));
      out.input_attention_mask.push_back(std::move(mask));
      add_label(slot, label_width, out);
    }
    return out;
  }

 private:
  static bool is_nul(const Ids& ids) { return ids.size() == 3 && ids[1] == 0; }

  std::size_t input_size(std::int64_t slot) const { return ids_[batch_.input[slot]].size(); }

  std::size_t label_size(std::int64_t slot) const {
    if (batch_.label[slot] >= 0) return ids_[batch_.label[slot]].size();
    const bool goes_on = slot + 1 < start_ + length_ && batch_.document[slot + 1] == batch_.document[slot];
    return goes_on ? input_size(slot + 1) : 2;
  }

  std::size_t width(std::size_t (DenseBuilder::*size)(std::int64_t) const) const {
    std::size_t widest = 0;
    for (std::int64_t slot = start_; slot < start_ + length_; ++slot) widest = std::max(widest, (this->*size)(slot));
    return widest;
  }

  std::vector<std::uint8_t> mask_of(const Ids& ids, std::size_t width) const {
    std::vector<std::uint8_t> mask(width, 0);
    for (std::size_t i = 0; i < ids.size(); ++i) mask[i] = !batch_.table.nul_is_padding || ids[i] != pad_byte ? 1 : 0;
    return mask;
  }

  std::vector<std::uint8_t> sees(std::int64_t slot) const {
    std::vector<std::uint8_t> keys(static_cast<std::size_t>(length_));
    for (std::int64_t key = start_; key < start_ + length_; ++key) {
      const bool causal = key <= slot && batch_.document[key] == batch_.document[slot];
      const bool prefix = batch_.prefix[slot] >= 0 && batch_.prefix[key] == batch_.prefix[slot];
      keys[static_cast<std::size_t>(key - start_)] = causal || prefix ? 1 : 0;
    }
    return keys;
  }

  // A slot without a label is a row of zeros.
  void add_label(std::int64_t slot, std::size_t width, DenseExample& out) const {
    Ids ids = batch_.label[slot] < 0 ? Ids() : ids_[batch_.label[slot]];
    std::vector<std::uint8_t> mask = mask_of(ids, width);
    ids.resize(width, pad_byte);
    out.labels_output.emplace_back(ids.begin() + 1, ids.end());
    ids.pop_back();
    mask.pop_back();
    out.labels_input.push_back(std::move(ids));
    out.labels_attention_mask.push_back(std::move(mask));
  }

  const Batch& batch_;
  std::int64_t start_, length_ = 0;
  std::vector<Ids> ids_;  // of the table's entries that the row uses
};

template <typename Table>
void pad(Table& table, std::size_t rows, std::size_t columns) {
  table.resize(rows);
  for (auto& row : table) row.resize(columns, 0);
}

}  // namespace

DenseExample dense_example(const Batch& batch, std::int64_t row, const DenseOptions& options) {
  if (row < 0 || row >= batch.rows) {
    fail({"batch", fmt::format("row {}", row), fmt::format("0 to {}", batch.rows - 1)}, ErrorCode::out_of_range);
  }
  if (options.max_length < 0 || options.max_length == 1) {
    fail({"dense view", fmt::format("a max_length of {}", options.max_length),
          "0 (no limit), or at least 2: BOS and EOS count"});
  }
  return DenseBuilder(batch, row, options).build();
}

DenseShape shape_of(const DenseExample& example) {
  if (example.input_ids.empty()) return {};
  return {example.input_ids.size(), example.input_ids[0].size(), example.labels_input[0].size()};
}

DenseShape collate(std::vector<DenseExample>& examples) {
  DenseShape shape;
  for (const DenseExample& example : examples) {
    const DenseShape own = shape_of(example);
    shape = {std::max(shape.words, own.words), std::max(shape.input_width, own.input_width),
             std::max(shape.label_width, own.label_width)};
  }
  for (DenseExample& example : examples) {
    pad(example.input_ids, shape.words, shape.input_width);
    pad(example.input_attention_mask, shape.words, shape.input_width);
    pad(example.attention_mask, shape.words, shape.words);
    example.position_ids.resize(shape.words, 0);
    pad(example.labels_input, shape.words, shape.label_width);
    pad(example.labels_attention_mask, shape.words, shape.label_width);
    pad(example.labels_output, shape.words, shape.label_width);
  }
  return shape;
}

}  // namespace welt
