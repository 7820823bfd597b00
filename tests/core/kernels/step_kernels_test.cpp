// Generation's kernels: attention over a cache beside attention over whole rows, products of few rows beside float64.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "core/kernels/operators.h"
#include "tests/core/kernels/each_set.h"

namespace welt::kernels {
namespace {

// Rows of 9 and 5 tokens, written into a cache in pieces, give what attention over the whole rows gives.
void compare_cached(at::ScalarType type, std::int64_t left, std::int64_t half, double tolerance) {
  const at::NoGradGuard no_grad;
  constexpr std::int64_t heads = 4, kv_heads = 2, width = 20, value_width = 12;
  const std::vector<std::int64_t> lengths{9, 5};
  const at::Tensor q = at::randn({14, heads, width}).to(type), k = at::randn({14, kv_heads, width}).to(type),
                   v = at::randn({14, kv_heads, value_width}).to(type), angle = at::rand({14, half});
  const auto table = [&](const at::Tensor& x) { return half > 0 ? std::optional(x) : std::nullopt; };
  const at::Tensor whole =
      row_attention(q, k, v, at::tensor({0, 9, 14}, at::kLong), table(angle.cos()), table(angle.sin()), {}, {}, {}, 0.4,
                    /*causal=*/true, left, -1, 0, 0);
  // In the cache the rows stand the other way round.
  const at::Tensor keys = at::full({2, kv_heads, 16, width}, std::numeric_limits<float>::quiet_NaN()).to(type),
                   values = at::full({2, kv_heads, 16, value_width}, std::numeric_limits<float>::quiet_NaN()).to(type);
  std::vector<std::int64_t> filled{0, 0};
  for (const std::vector<std::int64_t>& added : {std::vector<std::int64_t>{4, 1}, {1, 1}, {1, 0}, {3, 3}}) {
    const auto pick = [&](const at::Tensor& x) {
      return at::cat({x.narrow(0, filled[0], added[0]), x.narrow(0, 9 + filled[1], added[1])});
    };
    const at::Tensor out = cached_attention(pick(q), pick(k), pick(v), keys, values,
                                            at::tensor({std::int64_t{0}, added[0], added[0] + added[1]}, at::kLong),
                                            at::tensor({1, 0}, at::kLong), at::tensor(filled, at::kLong),
                                            table(pick(angle).cos()), table(pick(angle).sin()), 0.4, left);
    EXPECT_LT(distance(out, pick(whole)), tolerance);
    filled[0] += added[0], filled[1] += added[1];
  }
  EXPECT_EQ(filled, lengths);
}

TEST(CachedAttention, PiecesGiveWhatTheWholeGives) {
  with_each_set([] {
    compare_cached(at::kFloat, -1, 0, 1e-6);
    compare_cached(at::kFloat, -1, 6, 1e-6);
    compare_cached(at::kFloat, 3, 10, 1e-6);
    compare_cached(at::kBFloat16, 3, 10, 2e-2);
  });
}

TEST(CachedAttention, BeyondTheCapacityIsRefused) {
  const at::Tensor q = at::randn({1, 1, 4}), cache = at::zeros({1, 1, 2, 4}), offsets = at::tensor({0, 1}, at::kLong);
  EXPECT_THROW(cached_attention(q, q, q, cache, cache.clone(), offsets, {}, at::tensor({2}, at::kLong), {}, {}, 1, -1),
               c10::Error);
}

TEST(FewRows, MatchesTheProduct) {
  with_each_set([] {
    for (const std::int64_t rows : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 24}) {
      for (const auto& [depth, outputs] : {std::pair{1, 1}, {15, 3}, {37, 50}, {64, 97}, {256, 259}}) {
        SCOPED_TRACE(testing::Message() << rows << " x " << depth << " x " << outputs);
        const at::Tensor x = at::randn({rows, depth}), w = at::randn({outputs, depth}), b = at::randn({outputs});
        const at::Tensor expected = at::linear(x.to(at::kDouble), w.to(at::kDouble), b.to(at::kDouble));
        EXPECT_LT(distance(few_rows_product(x, w, b, {}), expected), 1e-6);
        const at::Tensor narrow = w.to(at::kBFloat16);
        EXPECT_LT(distance(few_rows_product(x, narrow, {}, {}), at::linear(x.to(at::kDouble), narrow.to(at::kDouble))),
                  1e-6);
        const at::Tensor whole = at::randint(-127, 128, {outputs, depth}, at::kLong).to(at::kChar),
                         s = at::rand({outputs});
        EXPECT_LT(distance(few_rows_product(x, whole, b, s),
                           at::linear(x.to(at::kDouble), whole.to(at::kDouble) * s.to(at::kDouble).unsqueeze(1),
                                      b.to(at::kDouble))),
                  1e-6);
      }
    }
  });
}

// One row beside others, outputs from wherever on, one thread or two: the same bits.
TEST(FewRows, IsTheSameBesideOthers) {
  with_each_set([] {
    for (const at::ScalarType kind : {at::kFloat, at::kBFloat16, at::kChar}) {
      SCOPED_TRACE(kind);
      const at::Tensor x = at::randn({11, 133}), bias = at::randn({67}),
                       w = kind == at::kChar ? at::randint(-127, 128, {67, 133}, at::kLong).to(at::kChar)
                                             : at::randn({67, 133}).to(kind);
      const at::Tensor whole = few_rows_product(x, w, bias, {});
      for (const auto& [row, rows] : {std::pair{0, 1}, {10, 1}, {3, 2}, {1, 3}, {5, 5}}) {
        EXPECT_TRUE(few_rows_product(x.narrow(0, row, rows), w, bias, {}).equal(whole.narrow(0, row, rows)));
      }
      for (const auto& [first, outputs] : {std::pair{0, 1}, {66, 1}, {5, 50}, {17, 19}}) {
        EXPECT_TRUE(few_rows_product(x, w.narrow(0, first, outputs), bias.narrow(0, first, outputs), {})
                        .equal(whole.narrow(1, first, outputs)));
      }
    }
  });
}

TEST(FewRows, NotANumberStaysInItsRow) {
  with_each_set([] {
    at::Tensor x = at::randn({3, 40});
    x[1][39].fill_(std::numeric_limits<float>::quiet_NaN());
    const at::Tensor out = few_rows_product(x, at::randn({20, 40}), {}, {});
    EXPECT_EQ(out.isnan().sum().item<std::int64_t>(), 20);
    EXPECT_TRUE(out[1].isnan().all().item<bool>());
  });
}

TEST(FewRows, InfinityComesOutWhereItWentIn) {
  with_each_set([] {
    at::Tensor x = at::randn({6, 48}), w = at::randn({21, 48}).abs();
    x[4][17].fill_(std::numeric_limits<float>::infinity());
    w[9][20].fill_(-std::numeric_limits<float>::infinity());
    const at::Tensor out = few_rows_product(x, w, {}, {});
    const at::Tensor finite = out.isfinite();
    EXPECT_EQ(finite.logical_not().sum().item<std::int64_t>(), 21 + 5);
    EXPECT_FALSE(finite[4].any().item<bool>());
    EXPECT_FALSE(finite.select(1, 9).any().item<bool>());
  });
}

}  // namespace
}  // namespace welt::kernels
