// See batch_builder.h.
#include "core/data/batch_builder.h"

#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/error.h"
#include "core/text/bytes.h"
#include "core/text/control.h"
#include "core/text/word_drawer.h"

namespace welt {
namespace {

// Word of the corpus → entry of the batch's table: open addressing, at most half full. One for a batch, so it is small
// enough to stay in the cache where a table over the whole vocabulary would not.
class EntryMap {
 public:
  explicit EntryMap(std::size_t entries) : slots_(std::bit_ceil(std::max<std::size_t>(entries * 2, 64))) {}

  // The entry of `id`, to be set where it is −1: the map did not have it. There are at most `entries` so far.
  std::int32_t& find_or_add(std::uint32_t id, std::int64_t entries) {
    if (static_cast<std::size_t>(entries) * 2 >= slots_.size()) grow();
    Slot& slot = slot_of(id);
    slot.id = id;
    return slot.entry;
  }

 private:
  struct Slot {
    std::uint32_t id = 0;
    std::int32_t entry = -1;
  };
  Slot& slot_of(std::uint32_t id) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (std::uint64_t{id} * 0x9E3779B97F4A7C15ULL >> 32) & mask;  // Fibonacci hashing (Knuth)
    while (slots_[at].entry >= 0 && slots_[at].id != id) at = (at + 1) & mask;
    return slots_[at];
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.entry >= 0) slot_of(slot.id) = slot;
    }
  }
  std::vector<Slot> slots_;
};

class Builder {
 public:
  Builder(std::int64_t rows, std::int64_t words, const DataCompat& compat, Units units, bool several_texts)
      : compat_(compat), slots_(static_cast<std::size_t>(rows * words)), several_texts_(several_texts) {
    batch_.rows = rows;
    batch_.words = words;
    batch_.table.units = units;
    batch_.table.nul_is_padding = compat.nul_is_padding;
    const auto slots = static_cast<std::size_t>(rows * words);
    for (auto* list : {&batch_.input, &batch_.label, &batch_.document, &batch_.prefix}) list->assign(slots, -1);
    batch_.position.assign(slots, 0);
  }

  void row(std::int64_t index, const BatchRow& row) {
    const std::span<const Piece> pieces = row.pieces;
    if (text_ != row.text) {
      text_ = row.text;
      entries_ = &maps_.try_emplace(text_, slots_ / 2).first->second;
    }
    const std::int64_t start = index * batch_.words;
    std::int64_t slot = start, document = 0;
    std::int64_t prefixes = 0;
    for (const Piece& piece : pieces) {
      const auto length = static_cast<std::int64_t>(piece.end - piece.begin);
      if (slot + length > start + batch_.words) {
        fail(
            {"batch", fmt::format("a row of {} words", slot + length - start), fmt::format("at most {}", batch_.words)},
            ErrorCode::internal);
      }
      inputs(piece, slot, document++);
      if (!compat_.blocks_cross_documents) document_blocks(piece, slot, prefixes);
      slot += length;
    }
    if (compat_.blocks_cross_documents) row_blocks(start, slot, prefixes);
    slot = start;
    for (const Piece& piece : pieces) {
      labels(piece, slot);
      slot += static_cast<std::int64_t>(piece.end - piece.begin);
    }
    if (compat_.pad_words) pad(slot, start + batch_.words, document);
  }

  Batch take() && { return std::move(batch_); }

 private:
  std::int64_t entry(std::uint32_t id) {
    const std::int64_t next = batch_.table.size();
    std::int32_t& entry = entries_->find_or_add(id, next);
    if (entry >= 0) return entry;
    const std::string_view word = as_text(text_->word(id));
    entry =
        static_cast<std::int32_t>(several_texts_ ? shared_.try_emplace(std::string(word), next).first->second : next);
    if (entry == next) batch_.table.add(word);
    return entry;
  }

  std::int64_t size_of(std::int64_t entry) const {
    return batch_.table.offsets[static_cast<std::size_t>(entry) + 1] -
           batch_.table.offsets[static_cast<std::size_t>(entry)];
  }

  void inputs(const Piece& piece, std::int64_t slot, std::int64_t document) {
    std::int64_t bytes = 0;
    for (std::uint64_t i = piece.begin; i < piece.end; ++i, ++slot) {
      const std::int64_t word = entry(text_->words[i]);
      batch_.input[slot] = word;
      batch_.position[slot] = static_cast<std::int64_t>(i - piece.begin);
      batch_.document[slot] = document;
      bytes += size_of(word);
    }
    batch_.real_bytes += bytes;
    batch_.real_words += static_cast<std::int64_t>(piece.end - piece.begin);
  }

  void document_blocks(const Piece& piece, std::int64_t slot, std::int64_t& prefixes) {
    auto block = std::lower_bound(text_->blocks.begin(), text_->blocks.end(), piece.begin,
                                  [](const Block& b, std::uint64_t at) { return b.last < at; });
    for (; block != text_->blocks.end() && block->first < piece.end; ++block, ++prefixes) {
      const std::uint64_t from = std::max(block->first, piece.begin), to = std::min(block->last + 1, piece.end);
      for (std::uint64_t i = from; i < to; ++i)
        batch_.prefix[slot + static_cast<std::int64_t>(i - piece.begin)] = prefixes;
    }
  }

  bool is_word(std::int64_t slot, std::uint8_t byte) const {
    const auto word = batch_.table.word(batch_.input[slot]);
    return word.size() == 1 && word[0] == byte;
  }

  // As the reference: blocks anywhere in the row.
  void row_blocks(std::int64_t begin, std::int64_t end, std::int64_t& prefixes) {
    std::int64_t open = -1;
    for (std::int64_t slot = begin; slot < end; ++slot) {
      if (is_word(slot, shift_out)) open = slot;
      if (!is_word(slot, shift_in) || open < 0) continue;
      for (std::int64_t i = open; i <= slot; ++i) batch_.prefix[i] = prefixes;
      ++prefixes;
      open = -1;
    }
  }

  // The last slot of a block may be predicted from (it is SI); all others of it may not.
  bool masked(std::int64_t slot) const {
    if (batch_.prefix[slot] < 0) return false;
    return !is_word(slot, shift_in);
  }

  void labels(const Piece& piece, std::int64_t slot) {
    const bool only_word = piece.end - piece.begin == 1;
    for (std::uint64_t i = piece.begin; i < piece.end; ++i, ++slot) {
      const bool last = i + 1 == piece.end;
      if (i < piece.first_label || masked(slot)) continue;
      if (last && !piece.ends_document && !compat_.cut_words_end_text) continue;
      if (last && only_word && !compat_.pad_words && is_word(slot, 0)) continue;
      label(slot, last ? entry(Corpus::empty_word) : batch_.input[slot + 1]);
    }
  }

  void label(std::int64_t slot, std::int64_t word) {
    batch_.label[slot] = word;
    const auto bytes = batch_.table.word(word);
    std::int64_t units = batch_.table.units.count(bytes) + 1;
    if (compat_.nul_is_padding) units -= std::ranges::count(bytes, pad_byte);
    batch_.label_bytes += units * batch_.table.units.bytes();
  }

  // As the reference: each empty slot is the word NUL, a document of its own that learns to end.
  void pad(std::int64_t slot, std::int64_t end, std::int64_t document) {
    for (; slot < end; ++slot) {
      batch_.input[slot] = entry(Corpus::nul_word);
      batch_.document[slot] = document++;
      label(slot, entry(Corpus::empty_word));
    }
  }

  const DataCompat& compat_;
  Batch batch_;
  std::size_t slots_;
  bool several_texts_;
  const CorpusView* text_ = nullptr;                      // of the row at work
  EntryMap* entries_ = nullptr;                           // its words'
  std::map<const CorpusView*, EntryMap> maps_;            // of each text
  std::unordered_map<std::string, std::int64_t> shared_;  // entries by their words, of several texts
};

}  // namespace

Batch build_batch(const CorpusView& corpus, std::span<const std::span<const Piece>> rows, std::int64_t words,
                  const DataCompat& compat, Units units) {
  std::vector<BatchRow> of_text;
  for (const std::span<const Piece> pieces : rows) of_text.push_back({&corpus, pieces});
  return build_batch(of_text, words, compat, units);
}

Batch build_batch(std::span<const BatchRow> rows, std::int64_t words, const DataCompat& compat, Units units) {
  const bool several = std::ranges::any_of(rows, [&](const BatchRow& row) { return row.text != rows.front().text; });
  Builder builder(static_cast<std::int64_t>(rows.size()), words, compat, units, several);
  for (std::size_t i = 0; i < rows.size(); ++i) builder.row(static_cast<std::int64_t>(i), rows[i]);
  return std::move(builder).take();
}

void draw_words(Batch& batch, WordDrawer& drawer) {
  batch.table.images.resize(static_cast<std::size_t>(batch.table.size()));
  for (const std::int64_t word : batch.input) {
    if (word < 0) continue;
    std::shared_ptr<const GreyImage>& image = batch.table.images[static_cast<std::size_t>(word)];
    if (!image) image = drawer.draw(as_text(batch.table.word(word)));
  }
}

}  // namespace welt
