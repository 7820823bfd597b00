// Conformance group "cache": what a causal component remembers equals what it would compute anew.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <fmt/ranges.h>
#include <welt/abi/kv_cache.h>

#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"
#include "core/tensor/offers.h"

namespace welt::conformance {
namespace {

constexpr std::int64_t length = 8;
const char* const rule_split = "docs/abi-policy.md: any split equals the full forward";

void require_cache(Specimen& s) {
  if (!s.offers(WELT_KV_CACHE_INTERFACE)) s.trial().skip("it has no " WELT_KV_CACHE_INTERFACE);
  if (!s.must("kv_cache create()", [&] { return has_cache(s.component()); }))
    s.trial().skip("it has no cache in this configuration: create() is not implemented");
  if (s.limited(length) < length) s.trial().skip(fmt::format("rows are shorter than {}", length));
}

void expect_lengths(Specimen& s, const Cache& cache, const std::vector<std::int64_t>& expected, std::string_view when) {
  const std::vector<std::int64_t> seen = cache.lengths();
  s.trial().expect(seen == expected, {.seen = fmt::format("lengths {} {}", seen, when),
                                      .expected = fmt::format("{}", expected),
                                      .rule = "kv_cache.h: lengths are the filled slots of each row"});
}

void steps(Specimen& s) {
  require_cache(s);
  const at::Tensor rows = s.rows(2, length), full = s.run(rows);
  const std::vector<std::vector<std::int64_t>> splits = {{8}, {1, 1, 1, 1, 1, 1, 1, 1}, {5, 3}, {1, 6, 1}, {3, 1, 4}};
  for (const auto& split : splits) {
    Cache cache = s.cache(2, length);
    expect_lengths(s, cache, {0, 0}, "of a new cache");
    std::vector<at::Tensor> parts;
    std::int64_t done = 0;
    for (const std::int64_t part : split) {
      parts.push_back(s.run(rows.narrow(1, done, part), {}, {}, &cache));
      done += part;
      expect_lengths(s, cache, {done, done}, "after a call");
    }
    s.expect_equal(at::cat(parts, 1), full, fmt::format("calls of {} slots and one call", split), rule_split);
    s.trial().expect(cache.bytes() > 0, {.seen = fmt::format("{} bytes of a filled cache", cache.bytes()),
                                         .expected = "more than 0",
                                         .rule = "kv_cache.h: bytes of memory held"});
  }
}

void capacity(Specimen& s) {
  require_cache(s);
  const at::Tensor rows = s.rows(1, length);
  Cache cache = s.cache(1, 4);
  s.run(rows.narrow(1, 0, 3), {}, {}, &cache);
  const Error error = s.refusal("forward()", "the cache is full", [&] {
    s.component().forward({rows.narrow(1, 3, 2), {}}, {.kind = s.kind()}, {}, &cache);
  });
  s.trial().expect(error.code() == ErrorCode::out_of_range,
                   {.seen = fmt::format("a refusal of another status ({})", error.what()),
                    .expected = "WELT_OUT_OF_RANGE",
                    .rule = "kv_cache.h: more slots than capacity"});
  expect_lengths(s, cache, {3}, "after a refused call");
  const at::Tensor last = s.run(rows.narrow(1, 3, 1), {}, {}, &cache);
  s.expect_equal(last, s.run(rows.narrow(1, 0, 4)).narrow(1, 3, 1), "a call after a refused one and the full forward",
                 "latent_transformer.h, decoder.h: on failure the cache is as before");
}

void reorder(Specimen& s) {
  require_cache(s);
  const at::Tensor rows = s.rows(3, 4), next = s.rows(3, 2);
  const std::vector<std::int64_t> index = {2, 0, 0};
  const at::Tensor chosen = rows.index_select(0, at::tensor(index, at::kLong));
  Cache cache = s.cache(3, length);
  s.run(rows, {}, {}, &cache);
  s.must("kv_cache reorder()", [&] { cache.reorder(index); });
  expect_lengths(s, cache, {4, 4, 4}, "after reorder()");
  s.expect_equal(s.run(next, {}, {}, &cache), s.run(at::cat({chosen, next}, 1)).narrow(1, 4, 2),
                 "rows 2, 0, 0 of a cache and those rows anew", "kv_cache.h: new row i is old row index[i]");
  s.must("kv_cache reorder()", [&] { cache.reorder({1}); });
  expect_lengths(s, cache, {6}, "after dropping all rows but one");
  s.refusal("kv_cache reorder()", "row 7 does not exist", [&] { cache.reorder({7}); });
}

void truncate(Specimen& s) {
  require_cache(s);
  const at::Tensor rows = s.rows(2, 6), next = s.rows(2, 2);
  Cache cache = s.cache(2, length, /*rollback=*/4);
  s.run(rows, {}, {}, &cache);
  s.must("kv_cache truncate()", [&] { cache.truncate({3, 5}); });
  expect_lengths(s, cache, {3, 5}, "after truncate()");
  const at::Tensor seen = s.run(next, {}, {}, &cache);
  for (std::int64_t i = 0; i < 2; ++i) {
    const std::int64_t kept = i == 0 ? 3 : 5;
    const at::Tensor anew = at::cat({rows.narrow(0, i, 1).narrow(1, 0, kept), next.narrow(0, i, 1)}, 1);
    s.expect_equal(seen.narrow(0, i, 1), s.run(anew).narrow(1, kept, 2),
                   "a row that was shortened and went on, and that row anew",
                   "kv_cache.h: row i keeps its first lengths[i] slots");
  }
  s.refusal("kv_cache truncate()", "a row would become longer", [&] { cache.truncate({7, 8}); });
  s.refusal("kv_cache truncate()", "it would go back further than its rollback", [&] { cache.truncate({5, 2}); });
  expect_lengths(s, cache, {5, 7}, "after a refused truncate()");
}

void fork_copies(Specimen& s) {
  require_cache(s);
  const at::Tensor rows = s.rows(1, 4), one = s.rows(1, 2), other = s.rows(1, 3);
  Cache first = s.cache(1, length);
  s.run(rows, {}, {}, &first);
  Cache second = s.must("kv_cache fork()", [&] { return first.fork(); });
  const at::Tensor seen_one = s.run(one, {}, {}, &first), seen_other = s.run(other, {}, {}, &second);
  const char* rule = "kv_cache.h: fork() is an independent copy";
  s.expect_equal(seen_one, s.run(at::cat({rows, one}, 1)).narrow(1, 4, 2), "a cache that was copied, going on", rule);
  s.expect_equal(seen_other, s.run(at::cat({rows, other}, 1)).narrow(1, 4, 3), "its copy, going on", rule);
}

// Prompts of 2 and 4 slots: the shorter has a hole up to the longer's end, and its positions go on at its own length.
// What is expected is one call over the same slots: there too, a window counts the hole's.
void holes(Specimen& s) {
  require_cache(s);
  const at::Tensor rows = s.rows(2, 6), lengths = at::tensor({2, 4}, at::kLong).unsqueeze(1), slots = at::arange(6);
  const at::Tensor valid = slots.lt(lengths).logical_or(slots.ge(4));  // [2,6]
  const std::int64_t zero = s.component().vocabulary().first_position;
  const at::Tensor places = zero + slots.where(slots.lt(4), slots - 4 + lengths);
  const at::Tensor whole = s.run(rows, {.key_valid = valid}, places);
  const at::Tensor loud = rows.masked_fill(valid.logical_not().unsqueeze(-1), 1e3);
  s.expect_equal(s.run(loud, {.key_valid = valid}, places).narrow(1, 4, 2), whole.narrow(1, 4, 2),
                 "slots behind a hole, whatever the hole holds",
                 "rows.h: what key_valid hides changes nothing that it does not hide");
  Cache cache = s.cache(2, length);
  std::vector<at::Tensor> parts;
  std::int64_t done = 0;
  for (const std::int64_t added : {4, 1, 1}) {
    parts.push_back(s.run(rows.narrow(1, done, added), {.key_valid = valid.narrow(1, 0, done + added)},
                          places.narrow(1, done, added), &cache));
    done += added;
  }
  const at::Tensor seen = at::cat(parts, 1);
  for (std::int64_t i = 0; i < 2; ++i)
    s.expect_equal(seen.narrow(0, i, 1).narrow(1, 4, 2), whole.narrow(0, i, 1).narrow(1, 4, 2),
                   "a row with a hole through a cache and in one call",
                   "kv_cache.h: holes stay slots, positions feed rotary and tables only");
}

// As generation calls it: rows of unequal length behind caches of unequal length, of which rows leave and change
// places.
void packed_rows(Specimen& s) {
  require_cache(s);
  if ((s.type().flags & WELT_COMPONENT_PACKED) == 0) s.trial().skip("it takes dense rows only, as its descriptor says");
  at::Tensor rows = s.rows(4, length);
  Cache cache = s.cache(4, length);
  std::vector<std::int64_t> done(4, 0);
  const auto call = [&](const std::vector<std::int64_t>& added) {
    std::vector<at::Tensor> tokens, expected;
    std::vector<std::int64_t> ends{0}, before = done;
    for (std::size_t i = 0; i < added.size(); ++i) {
      const at::Tensor row = rows.narrow(0, static_cast<std::int64_t>(i), 1);
      tokens.push_back(row[0].narrow(0, done[i], added[i]));
      done[i] += added[i];
      ends.push_back(ends.back() + added[i]);
      expected.push_back(s.run(row.narrow(1, 0, done[i]))[0].narrow(0, before[i], added[i]));
    }
    const at::Tensor seen = s.run(RowsView{at::cat(tokens), at::tensor(ends, at::kLong)}, {}, {}, &cache);
    expect_lengths(s, cache, done, "after a call with packed rows");
    for (std::size_t i = 0; i < added.size(); ++i)
      s.expect_equal(
          seen.narrow(0, ends[i], added[i]), expected[i],
          fmt::format("row {} of packed rows of {} slots behind {} cached ones, and that row alone", i, added, before),
          rule_split);
  };
  call({4, 1, 3, 1});
  call({1, 1, 1, 1});
  call({1, 2, 1, 3});
  const std::vector<std::int64_t> index = {3, 1};
  s.must("kv_cache reorder()", [&] { cache.reorder(index); });
  rows = rows.index_select(0, at::tensor(index, at::kLong));
  done = {done[3], done[1]};
  call({1, 3});
}

void failure(Specimen& s) {
  require_cache(s);
  const at::Tensor rows = s.rows(2, 4);
  Cache cache = s.cache(2, length);
  s.run(rows.narrow(1, 0, 3), {}, {}, &cache);
  s.refusal("forward()", "the cache has another number of rows", [&] {
    s.component().forward({s.rows(3, 1), {}}, {.kind = s.kind()}, {}, &cache);
  });
  expect_lengths(s, cache, {3, 3}, "after a refused call");
  s.expect_equal(s.run(rows.narrow(1, 3, 1), {}, {}, &cache), s.run(rows).narrow(1, 3, 1),
                 "a call after a refused one and the full forward",
                 "latent_transformer.h, decoder.h: on failure the cache is as before");
}

}  // namespace

void add_cache_tests(TestList& tests) {
  const std::string cached = "latent transformers and decoders with " WELT_KV_CACHE_INTERFACE;
  tests.push_back(specimen_test<steps, causal_roles>(
      "cache.steps", "Calls through a cache give what one call gives, however the slots are split.", cached,
      {"numerics.deterministic", "attention.future"}));
  const std::vector<std::string> base = {"cache.steps"};
  tests.push_back(specimen_test<capacity, causal_roles>(
      "cache.capacity", "More slots than the capacity are refused, and the cache goes on as it was.", cached, base));
  tests.push_back(specimen_test<reorder, causal_roles>(
      "cache.reorder", "Rows may be dropped, repeated and put in another order.", cached, base));
  tests.push_back(specimen_test<truncate, causal_roles>(
      "cache.truncate", "Rows may be shortened, each to a length of its own, and go on.", cached, base));
  tests.push_back(specimen_test<fork_copies, causal_roles>(
      "cache.fork", "A copy and what it was made from go on without touching each other.", cached, base));
  tests.push_back(specimen_test<holes, causal_roles>(
      "cache.holes", "Slots that key_valid hides stay slots and change nothing, through a cache as in one call.",
      cached, {"cache.steps", "attention.padding"}));
  tests.push_back(specimen_test<packed_rows, causal_roles>(
      "cache.packed", "Packed rows of unequal length behind caches of unequal length give what each row alone gives.",
      cached, {"cache.steps", "cache.reorder", "attention.packed"}));
  tests.push_back(specimen_test<failure, causal_roles>("cache.failure", "A refused call leaves the cache as it was.",
                                                       cached, base));
}

}  // namespace welt::conformance
