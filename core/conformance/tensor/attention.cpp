// Conformance group "attention": who sees whom, by kind, mask, document and prefix block.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <welt/abi/bytes_encoder.h>

#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"

namespace welt::conformance {
namespace {

constexpr std::int64_t length = 6;

void require_length(Specimen& s) {
  if (s.limited(length) < length) s.trial().skip(fmt::format("rows are shorter than {}", length));
}

// A component that cannot look ahead refuses such a mask, and the test is not for it.
void require_masks(Specimen& s, const at::Tensor& rows, AttentionView mask) {
  if ((s.type().flags & WELT_COMPONENT_STRICTLY_CAUSAL) == 0) return;
  mask.kind = s.kind();
  const bool encodes = s.role() == WELT_BYTES_ENCODER_INTERFACE;
  const Error error =
      s.refusal(encodes ? "encode()" : "forward()", "the mask is not for it, as its descriptor says", [&] {
        if (encodes)
          s.component().encode({rows, {}}, mask);
        else
          s.component().forward({rows, {}}, mask);
      });
  s.trial().expect(error.code() == ErrorCode::unimplemented,
                   {.seen = fmt::format("a refusal of another status ({})", error.what()),
                    .expected = "WELT_UNIMPLEMENTED",
                    .rule = "plugin.h: WELT_COMPONENT_STRICTLY_CAUSAL"});
  s.trial().skip("it never looks ahead, as its descriptor says: prefix blocks and dense masks are not for it");
}

// No slot depends on the one before it.
bool sees_itself_only(Specimen& s, const at::Tensor& rows) {
  const at::Tensor pair = rows.narrow(1, 0, 2);
  at::Tensor other = pair.clone();
  other.select(1, 0).add_(s.rows(rows.size(0), 1).squeeze(1));
  return (s.run(other).select(1, 1) - s.run(pair).select(1, 1)).abs().max().item<double>() == 0;
}

// `rows` with other numbers from slot `from` on.
at::Tensor other_from(Specimen& s, const at::Tensor& rows, std::int64_t from) {
  const std::int64_t rest = rows.size(1) - from;
  return at::cat({rows.narrow(1, 0, from), rows.narrow(1, from, rest) + s.rows(rows.size(0), rest)}, 1);
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
                   "rows.h: what key_valid hides changes nothing that it does not hide");
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

void future(Specimen& s) {
  require_length(s);
  const at::Tensor rows = s.rows(2, length), before = s.run(rows);
  for (std::int64_t from = 1; from < length; ++from)
    s.expect_equal(s.run(other_from(s, rows, from)).narrow(1, 0, from), before.narrow(1, 0, from),
                   fmt::format("slots before {} with other slots from there on", from),
                   "rows.h: causal attention sees no later slot");
}

// [1,1,T,T]: documents of `size` slots each, of which only a slot's own is seen, and of that what the kind lets see.
at::Tensor blocks(Specimen& s, std::int64_t size) {
  const at::Tensor slots = at::arange(length), document = slots.floor_divide(size);
  at::Tensor mask = document.unsqueeze(0).eq(document.unsqueeze(1));
  if (s.kind() == WELT_ATTENTION_CAUSAL) mask = mask.logical_and(slots.unsqueeze(0).le(slots.unsqueeze(1)));
  return mask.view({1, 1, length, length});
}

// Documents of two slots: what a window of two or more would hide they hide anyway, and a window is no part of a dense
// mask.
void dense_mask(Specimen& s) {
  require_length(s);
  const at::Tensor rows = s.rows(1, length), mask = blocks(s, 2);
  require_masks(s, rows, {.dense = mask});
  const at::Tensor seen = s.run(rows, {.dense = mask});
  if (sees_itself_only(s, rows)) s.trial().skip("its window is of one slot: no mask says the same");
  s.expect_equal(seen, s.run(rows, {.document_id = at::arange(length).floor_divide(2).unsqueeze(0)}),
                 "a dense mask and documents that say the same", "rows.h: dense is the whole mask");
}

// A dense mask lets only the first slot be seen: what the others hold then changes no other slot.
void dense_hides(Specimen& s) {
  require_length(s);
  at::Tensor mask = at::zeros({1, 1, length, length}, at::kBool);
  mask.select(3, 0).fill_(true);
  const at::Tensor rows = s.rows(1, length);
  require_masks(s, rows, {.dense = mask});
  at::Tensor other = rows.clone();
  other.select(1, 2).add_(s.rows(1, 1).squeeze(1));
  const at::Tensor seen = s.run(other, {.dense = mask}), expected = s.run(rows, {.dense = mask});
  for (const std::int64_t slot : {0L, 1L, 3L, length - 1})
    s.expect_equal(seen.select(1, slot), expected.select(1, slot), "a slot after a change that its mask hides",
                   "rows.h: dense is the whole mask");
}

void documents(Specimen& s) {
  require_length(s);
  constexpr std::int64_t first = 4;
  const at::Tensor rows = s.rows(1, length);
  const at::Tensor ids = at::arange(length).ge(first).to(at::kLong).unsqueeze(0);
  const std::int64_t zero = s.component().vocabulary().first_position;
  const at::Tensor places =
      at::cat({at::arange(zero, zero + first), at::arange(zero, zero + length - first)}).unsqueeze(0);
  const at::Tensor seen = s.run(rows, {.document_id = ids}, places);
  s.expect_equal(seen.narrow(1, 0, first), s.run(rows.narrow(1, 0, first)), "a row's first document and that alone",
                 "rows.h: documents of a row do not see each other");
  s.expect_equal(seen.narrow(1, first, length - first), s.run(rows.narrow(1, first, length - first)),
                 "a row's second document and that alone", "rows.h: documents of a row do not see each other");
}

// Slots 1 and 2 are a block. Slot 1 then depends on slot 2 (a causal model's would not), and slot 0 does not.
void prefix_block(Specimen& s) {
  require_length(s);
  at::Tensor ids = at::full({1, length}, -1, at::kLong);
  ids.narrow(1, 1, 2).fill_(0);
  const at::Tensor rows = s.rows(1, length), other = other_from(s, rows, 2);
  require_masks(s, rows, {.prefix_id = ids});
  const at::Tensor seen = s.run(other, {.prefix_id = ids}), expected = s.run(rows, {.prefix_id = ids});
  const char* rule = "rows.h: slots of one prefix block see each other, others see causally";
  s.expect_equal(seen.select(1, 0), expected.select(1, 0), "the slot before a block after a change inside it", rule);
  const double apart = (seen.select(1, 1) - expected.select(1, 1)).abs().max().item<double>();
  if (sees_itself_only(s, rows)) s.trial().skip("no slot depends on the one before it in this model");
  s.trial().expect(
      apart > 0,
      {.seen = "the first slot of a block that does not depend on its last", .expected = "a dependence", .rule = rule});
}

// A slot that sees no key: finite values, and no gradient reaches what it does not see.
void sees_nothing(Specimen& s) {
  require_length(s);
  at::Tensor valid = at::ones({2, length}, at::kBool);
  valid[1].fill_(false);
  const at::AutoGradMode on(true);
  const at::Tensor rows = s.rows(2, length).requires_grad_(true);
  const at::Tensor hidden = s.run(rows, {.key_valid = valid});
  s.expect_finite(hidden, "the row in which no key is valid");
  hidden[0].sum().backward();
  const at::Tensor gradient = rows.grad();
  s.trial().expect(gradient.defined(),
                   {.seen = "no gradient of embeds", .expected = "one", .rule = "base.h, autograd"});
  s.expect_finite(gradient, "the gradient beside a row in which no key is valid");
  s.expect_same(gradient[1], at::zeros_like(gradient[1]), "the gradient of a row that nothing was asked of",
                "rows.h: a query that sees no key has gradient 0");
}

}  // namespace

void add_attention_tests(TestList& tests) {
  const std::string rows = "encoders, latent transformers, decoders";
  const std::vector<std::string> same = {"numerics.deterministic"};
  tests.push_back(specimen_test<future, causal_roles>("attention.future", "Later slots change nothing earlier.",
                                                      "latent transformers, decoders", same));
  const std::vector<std::string> causal = {"numerics.deterministic", "attention.future"};
  tests.push_back(specimen_test<padding, row_roles>(
      "attention.padding", "Padding that key_valid hides changes nothing, whatever it holds.", rows, causal));
  tests.push_back(specimen_test<packed, row_roles>("attention.packed", "Packed rows give what dense ones give.",
                                                   "components that say WELT_COMPONENT_PACKED", causal));
  tests.push_back(specimen_test<documents, row_roles>(
      "attention.documents", "Documents of one row give what they give alone.", rows, {"attention.padding"}));
  tests.push_back(specimen_test<dense_mask, row_roles>("attention.dense_mask",
                                                       "A dense mask that says what documents say gives the same.",
                                                       rows, {"attention.documents"}));
  tests.push_back(specimen_test<dense_hides, row_roles>("attention.dense_hides",
                                                        "What a dense mask hides changes nothing.", rows, causal));
  tests.push_back(specimen_test<prefix_block, causal_roles>(
      "attention.prefix_block", "Slots of a prefix block see each other; the slot before it sees nothing of it.",
      "latent transformers, decoders", causal));
  tests.push_back(specimen_test<sees_nothing, row_roles>(
      "attention.sees_nothing", "A slot that sees no key gives finite values and takes no gradient.", rows,
      {"attention.padding", "autograd.graph"}));
}

}  // namespace welt::conformance
