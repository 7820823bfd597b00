// Rows of a plan to a Batch: distinct words, labels, positions, documents and prefix blocks.
#pragma once

#include "core/data/dataset.h"
#include "core/data/packing.h"

#include <cstdint>
#include <span>

namespace welt {

// `rows` of at most `words` slots each. Labels: the next word of the piece; after a document's last word the empty
// word; none at a cut, in SO … before SI (the model never learns to write a prefix), in slots before the piece's
// first_label, and for a document that is the single word NUL (the reference's padding). The table lists words as they
// first occur, inputs before the labels of their row; `units` is how the model spells them. [concurrent]
Batch build_batch(const CorpusView& corpus, std::span<const std::span<const Piece>> rows, std::int64_t words,
                  const DataCompat& compat = {}, Units units = Units());

// A row of a batch, and the text that its pieces are of.
struct BatchRow {
  const CorpusView* text;
  std::span<const Piece> pieces;
};

// The same of rows of several texts: a word that two of them have is one entry. [concurrent]
Batch build_batch(std::span<const BatchRow> rows, std::int64_t words, const DataCompat& compat = {},
                  Units units = Units());

// Gives the batch the images of the words that are inputs. Throws what drawing throws. [concurrent]
void draw_words(Batch& batch, WordDrawer& drawer);

}  // namespace welt
