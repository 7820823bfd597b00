// Embeddings of UTF-16 units and code points: a character's bytes, least significant first, each looked up in one byte
// table and put side by side; and the way back, byte logits of every place at once.
//
// Follows utf8_tokenizer's CharacterEmbedding and the loss of CharacterCausalLMWrapper. Checkpoint names are those of
// ByteTable below "<name>.embedding". Any thread, once made.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>

#include "core/model/byte_table.h"
#include "core/text/tokenizer.h"

namespace welt {

// N bytes make a unit: 2 in UTF-16, 4 in UTF-32. D is the width of a unit, D / N that of a byte.
class CharacterTable {
 public:
  // Rows of the base of length 1, in a direction drawn from the default generator, so that a table undoes itself;
  // projection zero. Throws Error for UTF-8, which needs no such table, and a width that N does not divide.
  CharacterTable(Encoding encoding, std::int64_t width, const at::TensorOptions& options = at::kFloat);
  CharacterTable(Encoding encoding, ByteTable table);  // [256,D/N]

  // units int64 [...] → [...,D].
  at::Tensor encode(const at::Tensor& units) const;
  // hidden [...,D] → [...,N,256]. What no code point has (UTF-32: byte 3 above 00, byte 2 above 10) is −inf.
  at::Tensor logits(const at::Tensor& hidden) const;
  // The units whose bytes have the highest logits: [...,N,256] → int64 [...].
  at::Tensor decode(const at::Tensor& logits) const;
  // Mean cross entropy of the bytes of labels int64 [...] under logits [...,N,256]; a label 0 (PAD) counts nowhere, and
  // where all do the loss is NaN, as of any mean of nothing. A scalar.
  at::Tensor loss(const at::Tensor& logits, const at::Tensor& labels) const;

  // units int64 [...] → their bytes int64 [...,N], least significant first.
  at::Tensor bytes(const at::Tensor& units) const;

  const ByteTable& table() const { return table_; }

 private:
  Encoding encoding_;
  ByteTable table_;
  at::Tensor shifts_;  // int64 [N]: 0, 8, …
};

}  // namespace welt
