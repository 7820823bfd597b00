// Conformance group "numerics": a call gives finite numbers of the right shape, the same every time, whatever it shares
// a batch with.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <welt/abi/plugin.h>

#include "core/model/conformance/groups.h"
#include "core/model/conformance/specimen.h"

namespace welt::conformance {
namespace {

constexpr std::int64_t longest_row = 512;
const char* const rule_batch = "abi.md, conformance: a row's result does not depend on the others of its batch";
const char* const rule_padding = "rows.h: what key_valid hides changes nothing that it does not hide";

void runs(Specimen& s) {
  const at::Tensor seen = s.everything(s.input());
  s.trial().expect(seen.scalar_type() == s.dtype(), {.seen = c10::toString(seen.scalar_type()),
                                                     .expected = c10::toString(s.dtype()),
                                                     .rule = "rows.h: results have the dtype of embeds and weights"});
}

void shapes(Specimen& s) {  // TorchComponent compares each with what the headers say
  if (s.is_image()) {
    for (const std::int64_t count : {1, 3}) s.expect_finite(s.encode(s.images(count, 1, 2), {}, true).pooled, "pooled");
    return;
  }
  for (const auto& [count, length] : {std::pair{1, 1}, std::pair{1, 7}, std::pair{4, 3}})
    s.expect_finite(s.run(s.rows(count, s.limited(length))), "hidden");
}

void deterministic(Specimen& s) {
  const at::Tensor input = s.input(), before = input.clone();
  const at::Tensor first = s.everything(input);
  s.expect_same(s.everything(input), first, "the same call twice", "abi.md, numerics: evaluation is deterministic");
  s.expect_same(input, before, "the input before and after the call", "base.h: what is lent is not written to");
}

void long_rows(Specimen& s) {
  const std::int64_t length = s.limited(longest_row);
  s.expect_finite(s.run(s.rows(1, length)), fmt::format("hidden of a row of {}", length));
}

void batch(Specimen& s) {
  const at::Tensor input = s.is_image() ? s.images(4) : s.rows(4, s.limited(6));
  const auto call = [&](const at::Tensor& part) { return s.is_image() ? s.encode(part).pooled : s.run(part); };
  const at::Tensor together = call(input);
  for (std::int64_t i = 0; i < input.size(0); ++i)
    s.expect_equal(call(input.narrow(0, i, 1)), together.narrow(0, i, 1), "a row alone and in a batch", rule_batch);
}

// [N,T] rows of lengths T, T−1, …: the rest is hidden.
at::Tensor staircase(std::int64_t rows, std::int64_t length) {
  return at::arange(length).unsqueeze(0).lt(at::arange(length, length - rows, -1).unsqueeze(1));
}

void padding(Specimen& s) {
  const std::int64_t length = s.limited(6);
  if (length < 3) s.trial().skip("rows are too short to be padded");
  const at::Tensor rows = s.rows(3, length), valid = staircase(3, length);
  const at::Tensor loud = rows.masked_fill(valid.logical_not().unsqueeze(-1), 1e3);
  const at::Tensor seen = s.run(loud, {.key_valid = valid});
  for (std::int64_t i = 0; i < 3; ++i) {
    const at::Tensor alone = s.run(rows.narrow(0, i, 1).narrow(1, 0, length - i));
    s.expect_equal(seen.narrow(0, i, 1).narrow(1, 0, length - i), alone, "a row with padding and without",
                   rule_padding);
  }
}

void packed(Specimen& s) {
  if ((s.type().flags & WELT_COMPONENT_PACKED) == 0) s.trial().skip("it takes dense rows only, as its descriptor says");
  const std::int64_t length = s.limited(5);
  const at::Tensor first = s.rows(1, length), second = s.rows(1, 1), third = s.rows(1, s.limited(3));
  const at::Tensor tokens = at::cat({first[0], second[0], third[0]});
  at::Tensor offsets = at::zeros({4}, at::kLong);
  offsets[1] = length, offsets[2] = length + 1, offsets[3] = tokens.size(0);
  const at::Tensor seen = s.run(RowsView{tokens, offsets});
  const at::Tensor expected = at::cat({s.run(first)[0], s.run(second)[0], s.run(third)[0]});
  s.expect_equal(seen, expected, "packed rows and dense ones", "rows.h: both layouts mean the same");
}

void no_rows(Specimen& s) {
  if (s.is_image()) {
    s.encode(s.images(1).narrow(0, 0, 0));
    return;
  }
  if ((s.type().flags & WELT_COMPONENT_PACKED) == 0) s.trial().skip("it takes dense rows only, as its descriptor says");
  s.run(RowsView{s.rows(1, 1)[0].narrow(0, 0, 0), at::zeros({1}, at::kLong)});
}

void positions(Specimen& s) {
  const std::int64_t length = s.limited(5);
  const at::Tensor rows = s.rows(2, length), counted = at::arange(length).expand({2, length}).contiguous();
  s.expect_equal(s.run(rows, {}, counted), s.run(rows), "positions 0, 1, 2… and null",
                 "latent_transformer.h, bytes_encoder.h: null positions are the index in the row");
}

}  // namespace

void add_numerics_tests(TestList& tests) {
  const std::string rows = "encoders, latent transformers, decoders", all = rows + ", image encoders";
  tests.push_back(specimen_test<runs, tensor_roles>(
      "numerics.runs", "A component of the small configuration answers a call, in the dtype of its input.", all, {}));
  const std::vector<std::string> base = {"numerics.runs"}, same = {"numerics.deterministic"};
  tests.push_back(specimen_test<deterministic, tensor_roles>(
      "numerics.deterministic", "The same call gives the same bits, and leaves its input as it was.", all, base));
  tests.push_back(specimen_test<shapes, tensor_roles>(
      "numerics.shapes", "Results have the shapes of their header and finite values, for one row and for many.", all,
      same));
  tests.push_back(specimen_test<long_rows, row_roles>(
      "numerics.long", "A row of 512 positions, or of the longest that it takes, gives finite values.", rows, same));
  tests.push_back(
      specimen_test<batch, tensor_roles>("numerics.batch", "A row gives the same alone and among others.", all, same));
  tests.push_back(specimen_test<padding, row_roles>(
      "numerics.padding", "Padding that key_valid hides changes nothing, whatever it holds.", rows, same));
  tests.push_back(specimen_test<packed, row_roles>("numerics.packed", "Packed rows give what dense ones give.",
                                                   "components that say WELT_COMPONENT_PACKED", same));
  tests.push_back(specimen_test<no_rows, tensor_roles>(
      "numerics.empty", "A call without rows or images gives an empty result.", all, same));
  tests.push_back(specimen_test<positions, row_roles>(
      "numerics.positions", "Positions that count from 0 give what null positions give.", rows, same));
}

}  // namespace welt::conformance
