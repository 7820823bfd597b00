// See batch_builder.h.
#include "core/data/batch_builder.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "core/base/error.h"
#include "core/text/bytes.h"
#include "core/text/word_drawer.h"

namespace welt {
namespace {

class Builder {
 public:
  Builder(const Corpus& corpus, std::int64_t rows, std::int64_t words, const DataCompat& compat)
      : corpus_(corpus), compat_(compat) {
    batch_.rows = rows;
    batch_.words = words;
    batch_.table.nul_is_padding = compat.nul_is_padding;
    const auto slots = static_cast<std::size_t>(rows * words);
    for (auto* list : {&batch_.input, &batch_.label, &batch_.document, &batch_.prefix}) list->assign(slots, -1);
    batch_.position.assign(slots, 0);
  }

  void row(std::int64_t index, std::span<const Piece> pieces) {
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
    const auto [at, fresh] = entries_.try_emplace(id, batch_.table.size());
    if (fresh) {
      const auto word = corpus_.store.word(id);
      batch_.table.add(as_text(word));
    }
    return at->second;
  }

  void inputs(const Piece& piece, std::int64_t slot, std::int64_t document) {
    for (std::uint64_t i = piece.begin; i < piece.end; ++i, ++slot) {
      batch_.input[slot] = entry(corpus_.words[i]);
      batch_.position[slot] = static_cast<std::int64_t>(i - piece.begin);
      batch_.document[slot] = document;
      batch_.real_bytes += static_cast<std::int64_t>(corpus_.store.word(corpus_.words[i]).size());
      ++batch_.real_words;
    }
  }

  void document_blocks(const Piece& piece, std::int64_t slot, std::int64_t& prefixes) {
    auto block = std::lower_bound(corpus_.blocks.begin(), corpus_.blocks.end(), piece.begin,
                                  [](const Block& b, std::uint64_t at) { return b.last < at; });
    for (; block != corpus_.blocks.end() && block->first < piece.end; ++block, ++prefixes) {
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
      label(slot, last ? Corpus::empty_word : corpus_.words[i + 1]);
    }
  }

  void label(std::int64_t slot, std::uint32_t id) {
    batch_.label[slot] = entry(id);
    const auto word = corpus_.store.word(id);
    batch_.label_bytes += static_cast<std::int64_t>(word.size()) + 1;
    if (compat_.nul_is_padding) batch_.label_bytes -= std::count(word.begin(), word.end(), pad_byte);
  }

  // As the reference: each empty slot is the word NUL, a document of its own that learns to end.
  void pad(std::int64_t slot, std::int64_t end, std::int64_t document) {
    for (; slot < end; ++slot) {
      batch_.input[slot] = entry(Corpus::nul_word);
      batch_.document[slot] = document++;
      label(slot, Corpus::empty_word);
    }
  }

  const Corpus& corpus_;
  const DataCompat& compat_;
  Batch batch_;
  std::unordered_map<std::uint32_t, std::int64_t> entries_;  // word of the corpus → entry of the table
};

}  // namespace

Batch build_batch(const Corpus& corpus, std::span<const std::span<const Piece>> rows, std::int64_t words,
                  const DataCompat& compat) {
  Builder builder(corpus, static_cast<std::int64_t>(rows.size()), words, compat);
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
