// From a Batch to index lists: which rows the bytes encoder and the decoder run over. No tensors, no padding.
//
// Rows are ordered by length, so that rows of one length lie side by side and attention over them needs no gather.
#pragma once

#include <cstdint>
#include <vector>

#include "core/data/batch.h"

namespace welt {

// Distinct input words as rows [BOS, bytes…, EOS].
struct EncoderPlan {
  std::vector<std::int64_t> ids;       // [tokens] byte values
  std::vector<std::int64_t> offsets;   // [N+1]
  std::vector<std::int64_t> word_row;  // [U] row of a table entry, −1: no input uses it
};

// Labelled positions as rows [latent, BOS, bytes…]; every token behind the latent predicts: bytes…, EOS.
struct DecoderChunk {
  std::int64_t first_row = 0, rows = 0;  // of DecoderPlan::positions
  std::vector<std::int64_t> ids;         // [tokens] byte value, or 256 + row within the chunk for the latent's slot
  std::vector<std::int64_t> offsets;     // [rows+1]
  std::vector<std::int64_t> predictors;  // [targets] token index whose hidden state predicts
  std::vector<std::int64_t> targets;     // [targets] byte
  std::vector<std::int64_t> target_row;  // [targets] row within the chunk
};

struct DecoderPlan {
  std::vector<std::int64_t> positions;  // [R] flat b·W+w of each row's latent
  std::vector<DecoderChunk> chunks;     // of about `chunk_tokens` tokens, whole rows
  std::int64_t tokens = 0, targets = 0;
};

EncoderPlan plan_encoder(const Batch& batch);
DecoderPlan plan_decoder(const Batch& batch, std::int64_t chunk_tokens);

}  // namespace welt
