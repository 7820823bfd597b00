// Conformance group "numerics": a call gives finite numbers of the right shape, the same every time, whatever it shares
// a batch with.
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <welt/abi/plugin.h>

#include "core/conformance/groups.h"
#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"

namespace welt::conformance {
namespace {

constexpr std::int64_t longest_row = 512;
const char* const rule_batch = "docs/abi-policy.md: a row's result does not depend on the others of its batch";

void runs(Specimen& s) {
  s.everything(s.input());
  s.expect_type(s.dtype(), "");
}

void shapes(Specimen& s) {  // TensorComponent compares each with what the headers say
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
  s.expect_same(s.everything(input), first, "the same call twice", "docs/abi-policy.md: evaluation is deterministic");
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
  const std::int64_t first = s.component().vocabulary().first_position;
  const at::Tensor rows = s.rows(2, length),
                   counted = at::arange(first, first + length).expand({2, length}).contiguous();
  s.expect_equal(s.run(rows, {}, counted), s.run(rows), "positions 0, 1, 2… (or from first_position on) and null",
                 "latent_transformer.h, bytes_encoder.h, vocabulary.h: null positions are counted from the first");
}

}  // namespace

void add_numerics_tests(TestList& tests) {
  const std::string rows = "encoders, latent transformers, decoders", all = rows + ", image encoders";
  tests.push_back(specimen_test<runs, tensor_roles>(
      "numerics.runs", "A component of the small configuration answers a call, in the dtype of its input.", all,
      {gate, made, "parameters.apart", "parameters.complete"}));
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
  tests.push_back(specimen_test<no_rows, tensor_roles>(
      "numerics.empty", "A call without rows or images gives an empty result.", all, same));
  tests.push_back(specimen_test<positions, row_roles>(
      "numerics.positions", "Positions that are counted in the row give what null positions give.", rows, same));
}

}  // namespace welt::conformance
