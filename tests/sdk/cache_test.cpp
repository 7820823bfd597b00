// KV cache: any split of a row equals the full forward; reorder, truncate and fork; what it refuses.
#include "welt/nn/cache.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <vector>

#include "welt/nn/attention.h"

namespace {

using at::Tensor;
using welt::nn::CacheLayout;
using welt::nn::Cache;
using welt::nn::RowInput;
using welt::nn::RowPlan;

constexpr std::int64_t heads = 4, kv_heads = 2, width = 6, total = (heads + 2 * kv_heads) * width;
const CacheLayout layout{.layers = 1, .kv_heads = kv_heads, .key_width = width, .value_width = width};

Tensor attend(const Tensor& qkv, RowInput input, welt::nn::Window window = {}) {
  static const welt::nn::Rotary rotary({.head_dim = width, .max_positions = 64});
  input.embeds = qkv;
  const RowPlan plan(input);
  const Tensor x = plan.enter(qkv);
  const auto part = [&](std::int64_t at, std::int64_t n) {
    return x.narrow(1, at * width, n * width).view({x.size(0), n, width});
  };
  const auto table = rotary.table(plan.positions(), plan.longest_position(), x.scalar_type());
  const Tensor out =
      plan.leave(welt::nn::row_attention(part(0, heads), part(heads, kv_heads), part(heads + kv_heads, kv_heads), plan,
                                         {.window = window, .rotary = &table}));
  plan.commit();
  return out;
}

double gap(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }
Tensor longs(std::vector<std::int64_t> values) { return at::tensor(values, at::kLong); }

TEST(Cache, AnySplitEqualsTheFullForward) {
  const Tensor qkv = at::randn({3, 12, total}, at::kDouble);
  for (const welt::nn::Window window : {welt::nn::Window{}, welt::nn::Window{.left = 3}}) {
    const Tensor full = attend(qkv, {}, window);
    for (const std::vector<std::int64_t>& split :
         std::vector<std::vector<std::int64_t>>{{12}, {11, 1}, {5, 7}, {1, 1, 1, 9}, {4, 4, 4}}) {
      Cache cache(layout, 3, 12, 0);
      std::vector<Tensor> parts;
      std::int64_t at = 0;
      for (const std::int64_t length : split) {
        parts.push_back(attend(qkv.narrow(1, at, length), {.cache = &cache}, window));
        at += length;
      }
      EXPECT_LT(gap(at::cat(parts, 1), full), 1e-12);
      EXPECT_EQ(cache.lengths(), std::vector<std::int64_t>(3, 12));
    }
  }
}

TEST(Cache, LongRowsInPiecesEqualTheFullForward) {
  const Tensor qkv = at::randn({2, 150, total}, at::kDouble);
  Cache cache(layout, 2, 150, 0);
  const Tensor a = attend(qkv.narrow(1, 0, 70), {.cache = &cache});
  const Tensor b = attend(qkv.narrow(1, 70, 80), {.cache = &cache});
  EXPECT_LT(gap(at::cat({a, b}, 1), attend(qkv, {})), 1e-12);
}

TEST(Cache, PackedRowsAppendTheirOwnTokens) {
  // Two rows of 5 and 7 tokens; first call 2 and 4, second call 3 and 3, third nothing and one more for row 1.
  const Tensor first = at::randn({5, total}, at::kDouble), second = at::randn({8, total}, at::kDouble);
  const auto pack = [&](std::int64_t a, std::int64_t na, std::int64_t b, std::int64_t nb) {
    return at::cat({first.narrow(0, a, na), second.narrow(0, b, nb)});
  };
  const Tensor full = attend(pack(0, 5, 0, 8), {.row_offsets = longs({0, 5, 13})});
  Cache cache(layout, 2, 8, 0);
  const Tensor a = attend(pack(0, 2, 0, 4), {.row_offsets = longs({0, 2, 6}), .cache = &cache});
  const Tensor b = attend(pack(2, 3, 4, 3), {.row_offsets = longs({0, 3, 6}), .cache = &cache});
  const Tensor c = attend(pack(5, 0, 7, 1), {.row_offsets = longs({0, 0, 1}), .cache = &cache});
  const Tensor joined = at::cat({a.narrow(0, 0, 2), b.narrow(0, 0, 3), a.narrow(0, 2, 4), b.narrow(0, 3, 3), c});
  EXPECT_LT(gap(joined, full), 1e-12);
  EXPECT_EQ(cache.lengths(), (std::vector<std::int64_t>{5, 8}));
}

TEST(Cache, PrefixBlockInOneCallSeesItselfBehindCachedSlots) {
  const Tensor qkv = at::randn({1, 6, total}, at::kDouble);
  const Tensor prefix = longs({-1, -1, 0, 0, 0, -1}).unsqueeze(0);
  const Tensor full = attend(qkv, {.prefix_id = prefix});
  Cache cache(layout, 1, 6, 0);
  const Tensor a = attend(qkv.narrow(1, 0, 2), {.cache = &cache});
  const Tensor b = attend(qkv.narrow(1, 2, 4), {.prefix_id = prefix.narrow(1, 2, 4), .cache = &cache});
  EXPECT_LT(gap(at::cat({a, b}, 1), full), 1e-12);
}

TEST(Cache, ReorderTruncateAndFork) {
  const Tensor qkv = at::randn({3, 8, total}, at::kDouble);
  Cache cache(layout, 3, 8, 2);
  attend(qkv.narrow(1, 0, 5), {.cache = &cache});
  Cache copy = cache.fork();

  const std::vector<std::int64_t> order = {2, 0, 0, 1};
  cache.reorder(order);
  const Tensor moved = at::index_select(qkv, 0, longs(order));
  const Tensor next = attend(moved.narrow(1, 5, 2), {.cache = &cache});
  EXPECT_LT(gap(next, attend(moved.narrow(1, 0, 7), {}).narrow(1, 5, 2)), 1e-12);

  const std::vector<std::int64_t> back = {5, 7, 6, 7};  // rows of different lengths from here on
  cache.truncate(back);
  EXPECT_EQ(cache.lengths(), back);
  const Tensor again = attend(moved.narrow(1, 7, 1), {.cache = &cache});
  for (std::int64_t i = 0; i < 4; ++i) {
    const std::int64_t kept = back[static_cast<std::size_t>(i)];
    const Tensor row = at::cat({moved[i].narrow(0, 0, kept), moved[i].narrow(0, 7, 1)}).unsqueeze(0);
    EXPECT_LT(gap(again[i][0], attend(row, {})[0][kept]), 1e-12);
  }

  // The copy has seen nothing of all that.
  EXPECT_EQ(copy.lengths(), std::vector<std::int64_t>(3, 5));
  const Tensor other = attend(qkv.narrow(1, 5, 3), {.cache = &copy});
  EXPECT_LT(gap(other, attend(qkv, {}).narrow(1, 5, 3)), 1e-12);
}

TEST(Cache, RefusesWhatItCannotHold) {
  Cache cache(layout, 2, 4, 1);
  const Tensor qkv = at::randn({2, 5, total}, at::kDouble);
  EXPECT_THROW(attend(qkv, {.cache = &cache}), welt::sdk::Failure);
  EXPECT_EQ(cache.lengths(), std::vector<std::int64_t>(2, 0));
  attend(qkv.narrow(1, 0, 4), {.cache = &cache});
  const std::vector<std::int64_t> too_far = {2, 4}, forward = {4, 5}, too_many = {4, 4, 4}, no_row = {0, 2};
  EXPECT_THROW(cache.truncate(too_far), welt::sdk::Failure);
  EXPECT_THROW(cache.truncate(forward), welt::sdk::Failure);
  EXPECT_THROW(cache.truncate(too_many), welt::sdk::Failure);
  EXPECT_THROW(cache.reorder(no_row), welt::sdk::Failure);
  EXPECT_EQ(cache.lengths(), std::vector<std::int64_t>(2, 4));
  EXPECT_EQ(cache.bytes(), 2 * 2 * kv_heads * 4 * width * 8);
}

}  // namespace
