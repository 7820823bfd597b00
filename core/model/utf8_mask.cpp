// See utf8_mask.h.
#include "core/model/utf8_mask.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/zeros.h>

namespace welt {

Utf8Mask::Utf8Mask(Utf8Rule rule, at::Device device)
    : allowed_(at::empty({utf8_states * utf8_rooms, 256}, at::kBool)),
      next_(at::empty({utf8_states * 256}, at::kLong)) {
  bool* allowed = allowed_.mutable_data_ptr<bool>();
  auto* next = next_.mutable_data_ptr<std::int64_t>();
  for (std::uint8_t state = 0; state < utf8_states; ++state) {
    for (std::int64_t room = 0; room < utf8_rooms; ++room)
      for (std::size_t byte = 0; byte < 256; ++byte) *allowed++ = utf8_allowed(state, room, rule).test(byte);
    for (int byte = 0; byte < 256; ++byte) *next++ = utf8_next(state, static_cast<std::uint8_t>(byte), rule);
  }
  allowed_ = allowed_.to(device);
  next_ = next_.to(device);
}

at::Tensor Utf8Mask::start(std::int64_t rows) const { return at::zeros({rows}, next_.options()); }

at::Tensor Utf8Mask::allowed(const at::Tensor& states, const at::Tensor& room) const {
  return at::index_select(allowed_, 0, states.mul(utf8_rooms).add(room.clamp(0, utf8_rooms - 1)));  // [B,256]
}

at::Tensor Utf8Mask::advance(const at::Tensor& states, const at::Tensor& bytes) const {
  return at::index_select(next_, 0, states.mul(256).add(bytes));  // [B]
}

at::Tensor Utf8Mask::can_end(const at::Tensor& states) const { return at::eq(states, 0); }

}  // namespace welt
