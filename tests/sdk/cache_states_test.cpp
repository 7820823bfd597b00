// States beside keys and values: what is read equals what was written at that length; rows of unequal length;
// truncation by snapshots and its limit; memory that does not grow. And what a row plan says of each token.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <vector>
#include <welt/sdk/base.hpp>

#include "tests/sdk/refusal.h"
#include "welt/nn/cache.h"
#include "welt/nn/row_plan.h"

namespace {

using at::Tensor;
using welt::nn::Cache;
using welt::nn::RowPlan;

using Numbers = std::vector<std::int64_t>;
const welt::nn::CacheLayout one_state{.states = {{2}}};

// The state after slot t is [t + 1, t + 1]: the number of slots so far.
Tensor counted(std::int64_t rows, std::int64_t from, std::int64_t added) {
  return (at::arange(from + 1, from + added + 1, at::kDouble)).view({1, added, 1}).expand({rows, added, 2});
}
Numbers states(const Cache& cache) {
  const Tensor now = cache.read(0, {}, at::kDouble).select(1, 0);
  Numbers out;
  for (std::int64_t i = 0; i < now.size(0); ++i) out.push_back(now[i].item<std::int64_t>());
  return out;
}
void add(Cache& cache, std::int64_t from, std::int64_t added) {
  cache.begin();
  cache.write(0, {}, counted(cache.batch(), from, added));
  cache.commit(Numbers(static_cast<std::size_t>(cache.batch()), added));
}
std::string refusal(Cache& cache, const Numbers& lengths) {
  return welt::test::refusal([&] { cache.truncate(lengths); });
}

TEST(CacheStates, StartAtZeroAndAreAsTheLastSlotLeftThem) {
  Cache cache(one_state, 2, 100, 0);
  EXPECT_EQ(states(cache), (Numbers{0, 0}));
  add(cache, 0, 5);
  add(cache, 5, 1);
  EXPECT_EQ(states(cache), (Numbers{6, 6}));
}

TEST(CacheStates, WhatAFailedCallWroteIsForgotten) {
  Cache cache(one_state, 1, 100, 0);
  add(cache, 0, 2);
  cache.write(0, {}, counted(1, 50, 1));
  EXPECT_EQ(states(cache), (Numbers{2}));
  add(cache, 2, 1);
  EXPECT_EQ(states(cache), (Numbers{3}));
}

TEST(CacheStates, RowsOfUnequalLengthAreTakenBackEachByItsOwn) {
  Cache cache(one_state, 3, 100, 4);
  add(cache, 0, 3);
  cache.begin();  // two more of row 2, four of row 0
  cache.write(0, at::tensor(Numbers{2}, at::kLong), counted(1, 3, 2));
  cache.write(0, at::tensor(Numbers{0}, at::kLong), counted(1, 3, 4));
  cache.commit(Numbers{4, 0, 2});
  EXPECT_EQ(cache.lengths(), (Numbers{7, 3, 5}));
  EXPECT_EQ(states(cache), (Numbers{7, 3, 5}));
  cache.truncate(Numbers{4, 0, 5});
  EXPECT_EQ(states(cache), (Numbers{4, 0, 5}));
  cache.reorder(Numbers{2, 2, 0});
  EXPECT_EQ(states(cache), (Numbers{5, 5, 4}));
  cache.truncate(Numbers{2, 5, 3});
  EXPECT_EQ(states(cache), (Numbers{2, 5, 3}));
}

TEST(CacheStates, TruncatedPastTheirRollbackAreRefusedInOneSentence) {
  Cache cache(one_state, 1, 100, 3);
  add(cache, 0, 10);
  EXPECT_EQ(refusal(cache, {6}),
            "truncate would take row 0 from 10 slots to 6; the cache was made to go back at most 3");
  EXPECT_EQ(refusal(cache, {8}), "");
  EXPECT_EQ(
      refusal(cache, {6}),
      "truncate would take row 0 from 8 slots to 6; the cache was made to go back at most 3, and of its states only "
      "those of the last 1 slots are left");
  EXPECT_EQ(cache.lengths(), (Numbers{8}));
  EXPECT_EQ(states(cache), (Numbers{8}));
}

TEST(CacheStates, MemoryDoesNotGrowWithTheRow) {
  Cache cache(one_state, 2, 1000, 1);
  add(cache, 0, 3);
  const std::int64_t few = cache.bytes();
  add(cache, 3, 500);
  EXPECT_EQ(cache.bytes(), few);
  EXPECT_EQ(few, 2 * 2 * 2 * 8);
}

TEST(CacheStates, ACopyGoesOnByItself) {
  Cache first(one_state, 1, 100, 2);
  add(first, 0, 2);
  Cache second = first.fork();
  add(first, 2, 1);
  second.truncate(Numbers{1});
  EXPECT_EQ(states(first), (Numbers{3}));
  EXPECT_EQ(states(second), (Numbers{1}));
}

Tensor truths(const Numbers& values) { return at::tensor(values, at::kLong).to(at::kBool); }

TEST(RowPlanFacts, SayWhereRowsAndDocumentsStartInPlanOrder) {
  // Rows of 3, 1 and 2 tokens; the plan has the shortest first.
  const RowPlan plan({.embeds = at::zeros({6, 4}),
                      .row_offsets = at::tensor(Numbers{0, 3, 4, 6}, at::kLong),
                      .key_valid = truths({1, 1, 0, 1, 1, 1}),
                      .document_id = at::tensor(Numbers{0, 0, 1, 1, 2, 2}, at::kLong)});
  EXPECT_TRUE(at::equal(plan.documents(), at::tensor(Numbers{1, 2, 2, 0, 0, 1}, at::kLong)));
  EXPECT_TRUE(at::equal(plan.valid(), truths({1, 1, 1, 1, 1, 0})));
  EXPECT_TRUE(at::equal(plan.starts(), truths({1, 1, 0, 1, 0, 1})));
  EXPECT_FALSE(plan.prefixes().defined());
}

TEST(RowPlanFacts, BehindACacheOnlyNewRowsStart) {
  Cache cache(one_state, 2, 10, 0);
  cache.begin();
  cache.write(0, at::tensor(Numbers{1}, at::kLong), counted(1, 0, 2));
  cache.commit(Numbers{0, 2});
  const RowPlan plan(
      {.embeds = at::zeros({2, 2, 4}), .key_valid = truths({1, 0, 1, 1, 1, 1, 0, 1}).view({2, 4}), .cache = &cache});
  EXPECT_TRUE(at::equal(plan.starts(), truths({1, 0, 0, 0})));
  EXPECT_TRUE(at::equal(plan.valid(), truths({1, 0, 0, 1})));  // slots 0 and 1 of row 0, 2 and 3 of row 1
}

}  // namespace
