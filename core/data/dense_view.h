// A batch as the Python reference lays it out: every position its own row of ids, padded. For comparing with it.
#pragma once

#include "core/data/batch.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace welt {

struct DenseOptions {
  std::int64_t max_length = 0;  // ids of a row at most, BOS and EOS among them: at least 2; 0: no limit
  bool cut_characters = false;  // as the reference: the limit cuts inside a code point
};

// One row of a batch; ids are the table's units. Masks hold 0 and 1. Rows end with the last word of the batch row. W
// words, L and L' ids of the longest row.
struct DenseExample {
  using Ids = std::vector<std::vector<std::uint32_t>>;
  using Mask = std::vector<std::vector<std::uint8_t>>;
  Ids input_ids;                           // [W][L]
  Mask input_attention_mask;               // [W][L]
  Mask attention_mask;                     // [W][W]: causal in each document, full in each prefix block
  std::vector<std::int64_t> position_ids;  // [W]
  Ids labels_input;                        // [W][L'−1], without the last column
  Mask labels_attention_mask;              // [W][L'−1]
  Ids labels_output;                       // [W][L'−1], without the first column
};

struct DenseShape {
  std::size_t words = 0, input_width = 0, label_width = 0;  // W, L, L'−1
};

// The label tables are as wide as the longest word that follows another, labelled or not: the reference pads before it
// masks. An input that is the word NUL has its byte masked: it is the reference's padding. With the table's
// nul_is_padding every NUL of both tables is. Throws Error for a row that is not there and for a max_length of 1 or
// below 0. [concurrent]
DenseExample dense_example(const Batch& batch, std::int64_t row, const DenseOptions& options = {});

DenseShape shape_of(const DenseExample& example);

// Brings all examples to one shape, with zeros at the end of every dimension: a batch as the reference collates it.
// Returns the shape.
DenseShape collate(std::vector<DenseExample>& examples);

}  // namespace welt
