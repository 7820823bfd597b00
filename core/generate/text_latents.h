// The latents of one text that is read piece by piece, and of which the last words may be taken back. Inside
// core/generate only.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/generate/word_encoder.h"
#include "core/model/welt_model.h"

namespace welt {

class TextLatents {
 public:
  // `capacity`: words that it may hold; `rollback`: of them that forget() can take back at once.
  TextLatents(WeltModel& model, WordEncoder& encoder, std::int64_t capacity, std::int64_t rollback);

  // Words behind those that it has read, in one pass. `blocks`: as block_ids() has them; empty: none.
  void read(std::span<const std::string> words, const std::vector<std::int64_t>& blocks = {});
  // Keeps the first `count` words.
  void forget(std::int64_t count);
  std::int64_t size() const { return std::ssize(latents_); }
  // [k,E], the oldest first: what the decoder reads before the word number `word` (1 … size()).
  at::Tensor before(std::int64_t word) const;

 private:
  WeltModel& model_;
  WordEncoder& encoder_;
  Cache cache_;
  std::vector<at::Tensor> latents_;  // [E] of each word
};

}  // namespace welt
