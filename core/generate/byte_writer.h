// The decoder writing one word for each of several latents at once. Inside core/generate only.
//
// A word's units are bytes, units of UTF-16 or code points (core/text/units.h), each of N bytes. Rows [latent, BOS,
// units…] are of one length throughout: a row whose word has a given beginning is fed that while the
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
#include "core/text/unit_automaton.h"

namespace welt {

struct WrittenWord {
  std::string begin;       // given: UTF-8 of the word that is there already
  std::string bytes;       // UTF-8 written behind it
  std::int64_t units = 0;  // written, without EOS
  bool ended = false;      // by EOS
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
  bool finished(const Row& row) const;
  WordRoom room(const Row& row) const;
  std::uint32_t next_unit(const Row& row, const float* logits) const;
  bool choose(Row& row, const float* logits) const;
  at::Tensor embed(const std::vector<std::int64_t>& bytes) const;  // [n·N] → [n,1,E]
  at::Tensor forward(const at::Tensor& embeds);  // [n,T,E] → logits of the last token, float [n·N,256]

  WeltModel& model_;
  const Segmenter& segmenter_;
  const GenerateOptions& options_;
  Units units_;
  at::Tensor table_;         // [256,E/N]
  std::int64_t limit_;       // UTF-8 bytes of a word
  std::int64_t capacity_;    // slots of a row
  std::int64_t parameters_;  // of the decoder
  std::optional<Cache> cache_;
};

}  // namespace welt
