// A batch as the Python reference lays it out: every position its own row of ids, padded. For comparing with it.
#pragma once

#include "core/data/batch.h"

#include <cstdint>
#include <vector>

namespace welt {

// One row of a batch. Ids are bytes between BOS and EOS; masks hold 0 and 1. Rows end with the last word of the batch
// row.
struct DenseExample {
  using Table = std::vector<std::vector<std::uint8_t>>;
  Table input_ids, input_attention_mask;      // [W][L]
  Table attention_mask;                       // [W][W]: causal in each document, full in each prefix block
  std::vector<std::int64_t> position_ids;     // [W]
  Table labels_input, labels_attention_mask;  // [W][L'-1], without the last column
  Table labels_output;                        // [W][L'-1], without the first column
};

// The label tables are as wide as the longest word that follows another, labelled or not: the reference pads before it
// masks. The word NUL has its byte masked: it is the reference's padding.
DenseExample dense_example(const Batch& batch, std::int64_t row);

}  // namespace welt
