// The types that flow from text to the model. Plain vectors, no LibTorch: made on a data thread, consumed by the step.
//
// Letters: B batch rows, W words per row, U distinct words of the batch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/grey_image.h"
#include "core/text/units.h"

namespace welt {

// The distinct words of a batch, each without BOS and EOS. Entry 0 … size()-1.
struct WordTable {
  std::vector<std::uint8_t> bytes;                       // UTF-8, concatenated
  std::vector<std::int64_t> offsets = {0};               // [U+1]
  std::vector<std::shared_ptr<const GreyImage>> images;  // [U], null where the word is only a label; empty: no images
  Units units;                                           // that the model spells the words in
  bool nul_is_padding = false;  // NUL inside a word is neither seen nor learnt, as in the Python reference
  std::int64_t size() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::span<const std::uint8_t> word(std::int64_t index) const {
    return {bytes.data() + offsets[index], static_cast<std::size_t>(offsets[index + 1] - offsets[index])};
  }
  void add(std::string_view word) {
    bytes.insert(bytes.end(), word.begin(), word.end());
    offsets.push_back(static_cast<std::int64_t>(bytes.size()));
  }
};

// B rows of W words, flat row-major [B*W]. A slot without a word (row end) has input −1, label −1, document −1, prefix
// −1.
struct Batch {
  std::int64_t rows = 0, words = 0;  // B, W
  WordTable table;
  std::vector<std::int64_t> input;     // index into table
  std::vector<std::int64_t> label;     // index into table of the next word; −1: none. The empty word is an entry
  std::vector<std::int64_t> position;  // counts from 0 in each document of a row
  std::vector<std::int64_t> document;  // 0, 1, … within the row
  std::vector<std::int64_t> prefix;    // id of the SO…SI block, −1 outside
  std::int64_t real_words = 0;         // slots with a word
  std::int64_t real_bytes = 0;         // their UTF-8 bytes
  std::int64_t label_bytes = 0;        // Σ bytes of the label word's units and of EOS: the divisor of the loss
};

}  // namespace welt
