// Documents to rows: cutting what is longer than a row, and putting the parts together so that few slots stay empty.
#pragma once

#include "core/data/corpus.h"

#include <cstdint>
#include <span>
#include <vector>

namespace welt {

// Part of one document in neighbouring slots of a row.
struct Piece {
  std::uint64_t begin = 0, end = 0;  // indices into Corpus::words
  std::uint64_t first_label = 0;     // slots before this word have no label: context that another row has learnt
  bool ends_document = true;         // the last word learns the empty word; else it was cut off and has no label
};

// Rows of pieces: row r holds pieces[offsets[r] … offsets[r+1]-1].
struct PackedRows {
  std::vector<Piece> pieces;
  std::vector<std::uint64_t> offsets = {0};
  std::int64_t size() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::span<const Piece> row(std::int64_t index) const {
    return std::span(pieces).subspan(offsets[index], offsets[index + 1] - offsets[index]);
  }
};

// Best fit decreasing: the longest first, each into the fullest row that still has room (the oldest of equals), else
// into a new one. Lengths are at most `capacity`. Returns the indices in each row, rows in the order they were begun:
// the order of trl's "bfd" packing.
std::vector<std::vector<std::size_t>> best_fit_decreasing(const std::vector<std::int64_t>& lengths,
                                                          std::int64_t capacity);

// The pieces of document `document`, at most `words` long. A cut that would fall inside a prefix block is moved in
// front of it. A piece after a cut repeats the last `context` words before it, without labels for what was already
// predicted; with context > 0 every word but the first is a label exactly once. 0 ≤ context < words.
std::vector<Piece> cut_document(const CorpusView& corpus, std::int64_t document, std::int64_t words,
                                std::int64_t context);

// Whole documents where they fit a row (best fit decreasing over cut_document's pieces).
PackedRows pack_documents(const CorpusView& corpus, std::int64_t words, std::int64_t context = 0);

// In document order: a document begins where the one before ends, and is cut at the end of the row.
PackedRows fill_rows(const CorpusView& corpus, std::int64_t words);

}  // namespace welt
