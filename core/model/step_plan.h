// From a Batch to index lists: which rows the encoders, the latent transformer and the decoder run over. No tensors, no
// padding. (core/parity/dense_batch.h makes the same plan of a batch in the Python reference's layout.)
//
// A token is a unit of the model's encoding (core/text/units.h) and stands in the lists as its N bytes, least
// significant first; in UTF-8 N is 1. Rows are ordered by length, so that rows of one length lie side by side and
// attention over them needs no gather. Autograd keeps the lists until the backward pass: a plan lives as long as the
// graph that was made of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/data/batch.h"

namespace welt {

// Images of one size, of the rows of a WordPlan.
struct ImageGroup {
  std::int64_t height = 0, width = 0;
  std::vector<std::int64_t> rows;  // [n]
  std::vector<std::uint8_t> grey;  // [n, height, width], 0 black to 255 white
};

// Distinct input words as rows [BOS, units…, EOS], and their images.
struct WordPlan {
  std::vector<std::int64_t> ids;      // [tokens·N] byte values
  std::vector<std::int64_t> offsets;  // [rows+1], in tokens
  std::vector<std::uint8_t> visible;  // [tokens] 0: the unit keeps its place but is not seen; empty: all are seen
  std::vector<ImageGroup> images;     // empty: the batch has none
  std::int64_t rows() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
};

// B rows of W slots for the latent transformer, flat [B*W].
struct LatentPlan {
  std::int64_t rows = 0, words = 0;            // B, W
  std::vector<std::int64_t> word_row;          // row of the WordPlan, −1: a slot without a word
  std::vector<std::int64_t> position;          // empty: 0, 1, … in each row
  std::vector<std::int64_t> document, prefix;  // as in Batch; empty: one document a row, no blocks
  std::vector<std::uint8_t> dense;             // [B,W,W], 1: the row's slot sees the column's; the whole mask
};

// Labelled positions as rows [latents, BOS, units…]; the tokens behind the latents predict: units…, EOS.
struct DecoderChunk {
  std::int64_t first_latent = 0, latents = 0;  // of DecoderPlan::positions
  std::int64_t rows = 0;
  std::vector<std::int64_t> ids;  // [tokens·N] byte values; of a latent's token 256 + N · number in the chunk + 0…
  std::vector<std::int64_t> offsets;     // [rows+1], in tokens
  std::vector<std::uint8_t> visible;     // [tokens], as in WordPlan
  std::vector<std::int64_t> predictors;  // [targets] token index whose hidden state predicts
  std::vector<std::int64_t> targets;     // [targets·N] bytes
  std::vector<std::int64_t> target_row;  // [targets·N] row within the chunk
  std::int64_t tokens() const { return offsets.back(); }

  // Begins a row with the tokens of so many latents. Behind its other tokens: finish_row().
  void begin_row(std::int64_t unit_bytes, std::int64_t row_latents);
  void finish_row(std::int64_t unit_bytes);
};

// A word that the decoder spells behind `latents` of its document, the last of which is that of `slot`.
struct SpelledWord {
  std::int64_t slot = 0;  // flat b·W+w
  std::int64_t word = 0;  // of the table
  std::int64_t latents = 1;
};

// A row of a word behind so many latents, with its targets: units…, EOS.
void append_row(DecoderChunk& chunk, std::int64_t latents, std::span<const std::uint8_t> word, const WordTable& table);

struct DecoderPlan {
  // Flat b·W+w of each latent that a row begins with, its own last; [R] where the decoder reads one a word. One that
  // several rows read is there for each.
  std::vector<std::int64_t> positions;
  std::vector<DecoderChunk> chunks;  // of about `chunk_tokens` tokens, whole rows
  std::int64_t tokens = 0;
  std::int64_t text_bytes = 0;  // UTF-8 bytes that are learnt; not known (0) of a plan that is made without words

  // The chunk for a row of `tokens` tokens more: the last, or, where that would have more than `chunk_tokens`, a new
  // one.
  DecoderChunk& chunk_for(std::int64_t row_tokens, std::int64_t chunk_tokens);
};

struct StepPlan {
  WordPlan words;
  LatentPlan latent;
  DecoderPlan decoder;
  // Of training alone (auxiliary_heads.h): rows of the heads for further words, a plan each, and of masked words.
  std::vector<DecoderPlan> further;
  DecoderPlan masked;
};

// `context`: latents that the decoder reads before a word at most, all of one document.
StepPlan plan_step(const Batch& batch, std::int64_t chunk_tokens, std::int64_t context = 1);

// Words one by one: rows in the order given, each word as often as it occurs. `word_row`[i] is the row of words[i].
WordPlan plan_words(const WordTable& table, const std::vector<std::int64_t>& words,
                    std::vector<std::int64_t>& word_row);

DecoderPlan plan_decoder(const Batch& batch, std::int64_t chunk_tokens, std::int64_t context = 1);
// Rows in order of length.
DecoderPlan plan_spelling(const WordTable& table, const std::vector<SpelledWord>& words, std::int64_t chunk_tokens);

}  // namespace welt
