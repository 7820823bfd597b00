// The UTF-8 automaton of core/text/utf8_automaton.h for a batch, on the device of its tensors: three gathers from small
// tables, and no value ever comes to the host.
//
// Any thread, once made. A step: masked = logits.masked_fill(~mask.allowed(state, room), −inf); bytes = chosen from it;
// state = mask.advance(state, bytes); room −= 1.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>

#include "core/text/utf8_automaton.h"

namespace welt {

class Utf8Mask {
 public:
  explicit Utf8Mask(Utf8Rule rule = Utf8Rule::strict, at::Device device = at::kCPU);

  // States of B empty words: int64 [B].
  at::Tensor start(std::int64_t rows) const;
  // What may come next: bool [B,256]. states: int64 [B]; room: int64 [B], bytes left in each word, the next included.
  // Every row allows at least one byte.
  at::Tensor allowed(const at::Tensor& states, const at::Tensor& room) const;
  // The states behind bytes: int64 [B], 0 to 255. Allowed or not: an ill-formed byte starts anew at itself.
  at::Tensor advance(const at::Tensor& states, const at::Tensor& bytes) const;
  // Whether a word may end here, no byte being owed: bool [B].
  at::Tensor can_end(const at::Tensor& states) const;

 private:
  at::Tensor allowed_;  // bool [states*rooms,256]
  at::Tensor next_;     // int64 [states*256]
};

}  // namespace welt
