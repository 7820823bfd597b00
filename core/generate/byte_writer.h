// The decoder writing one word for each of several latents at once. Inside core/generate only.
//
// Rows [latent, BOS, bytes…] are of one length throughout: a row whose word has a given beginning is fed that while the
// others choose. A row that is finished goes on beside the others, unread, until half of them are.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/generate/generator.h"
#include "core/model/welt_model.h"
#include "core/text/segmenter.h"

namespace welt {

struct WrittenWord {
  std::string begin;   // given: bytes of the word that are there already
  std::string bytes;   // written behind them
  bool ended = false;  // by the end byte
};

class ByteWriter {
 public:
  ByteWriter(WeltModel& model, const Segmenter& segmenter, const GenerateOptions& options);

  // latents [n,E]; words[i].begin is given, the rest is filled in. draws[i] are the random numbers of that row; it is
  // the word `number` of each.
  void write(const at::Tensor& latents, std::vector<WrittenWord>& words, const std::vector<const ByteDraws*>& draws,
             std::int64_t number, GenerateStatistics& spent);

 private:
  struct Row;
  bool finished(const WrittenWord& word) const;
  std::int64_t room(const WrittenWord& word) const;  // bytes that may still be written
  ByteSet allowed(const Row& row) const;
  bool choose(Row& row, std::span<const float> logits) const;
  at::Tensor forward(const at::Tensor& embeds);  // [n,T,E] → logits of the last token, float [n,256]

  WeltModel& model_;
  const Segmenter& segmenter_;
  const GenerateOptions& options_;
  at::Tensor table_;         // [256,E]
  std::int64_t limit_;       // bytes of a word
  std::int64_t capacity_;    // slots of a row
  std::int64_t parameters_;  // of the decoder
  std::optional<Cache> cache_;
};

}  // namespace welt
