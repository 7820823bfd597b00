// See character_table.h.
#include "core/model/character_table.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "core/base/error.h"

namespace welt {
namespace {

constexpr std::int64_t ignored = -100;

std::int64_t byte_width(Encoding encoding, std::int64_t width) {
  const std::int64_t count = unit_bytes(encoding);
  if (count == 1) {
    fail({.where = "character table",
          .found = "UTF-8",
          .expected = "UTF-16 or UTF-32",
          .mend = "A byte of UTF-8 is looked up in a plain byte table"});
  }
  if (width <= 0 || width % count != 0) {
    fail({.where = fmt::format("character table of {}", encoding_name(encoding)),
          .found = fmt::format("width {}", width),
          .expected = fmt::format("a multiple of {}, the bytes of a unit", count)});
  }
  return width / count;
}

ByteTable unit_rows(std::int64_t width, const at::TensorOptions& options) {
  ByteTable table(width, /*initializer_range=*/1.0, options);
  table.base = table.base.detach()
                   .div(at::linalg_vector_norm(table.base.detach(), 2, at::IntArrayRef{1}, true))
                   .requires_grad_();
  return table;
}

}  // namespace

CharacterTable::CharacterTable(Encoding encoding, std::int64_t width, const at::TensorOptions& options)
    : CharacterTable(encoding, unit_rows(byte_width(encoding, width), options)) {}

CharacterTable::CharacterTable(Encoding encoding, ByteTable table)
    : encoding_(encoding),
      table_(std::move(table)),
      shifts_(at::arange(0, 8 * unit_bytes(encoding), 8, at::TensorOptions(at::kLong).device(table_.base.device()))) {
  byte_width(encoding, table_.base.size(1) * unit_bytes(encoding));
}

at::Tensor CharacterTable::bytes(const at::Tensor& units) const {
  return units.unsqueeze(-1).bitwise_right_shift(shifts_).bitwise_and(0xFF);  // [...,N]
}

at::Tensor CharacterTable::encode(const at::Tensor& units) const {
  return at::embedding(table_.folded(), bytes(units)).flatten(-2);  // [...,N,D/N] → [...,D]
}

at::Tensor CharacterTable::logits(const at::Tensor& hidden) const {
  const std::int64_t count = unit_bytes(encoding_);
  const at::Tensor parts = hidden.unflatten(-1, {count, table_.base.size(1)});  // [...,N,D/N]
  const at::Tensor all = at::matmul(parts, table_.folded().t());                // [...,N,256]
  if (encoding_ != Encoding::utf32) return all;
  constexpr float never = -std::numeric_limits<float>::infinity();
  at::Tensor barred = at::zeros({count, 256}, all.options().requires_grad(false));  // added: gradients pass by it
  barred.select(0, 3).slice(0, 1).fill_(never);
  barred.select(0, 2).slice(0, 0x11).fill_(never);
  return all.add(barred);
}

at::Tensor CharacterTable::decode(const at::Tensor& logits) const {
  return at::argmax(logits, -1).bitwise_left_shift(shifts_).sum(-1);  // [...,N] → [...]
}

at::Tensor CharacterTable::loss(const at::Tensor& logits, const at::Tensor& labels) const {
  const at::Tensor targets = bytes(labels).masked_fill(labels.eq(0).unsqueeze(-1), ignored);
  return at::cross_entropy_loss(logits.reshape({-1, 256}), targets.flatten(), {}, /*reduction: mean*/ 1, ignored);
}

}  // namespace welt
