// Row attention beside its definition in float64: every kind of mask, rows of any length, values and gradients, on
// every instruction set of the machine.
#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "core/kernels/operators.h"
#include "tests/core/kernels/each_set.h"

namespace welt::kernels {
namespace {

struct Case {
  std::vector<std::int64_t> lengths;
  std::int64_t heads, kv_heads, width, value_width;
  bool causal = true;
  std::int64_t left = -1, right = -1, half = 0;
  bool valid = false, documents = false, prefixes = false;
  bool scattered = false;  // tokens of a document or prefix do not stand side by side
};

struct Inputs {
  at::Tensor q, k, v, offsets, cos, sin, valid, document, prefix, weights;
};

Inputs inputs_of(const Case& c, at::ScalarType type) {
  Inputs in;
  std::vector<std::int64_t> offsets{0}, document, prefix;
  for (const std::int64_t length : c.lengths) {
    for (std::int64_t t = 0; t < length; ++t) {
      document.push_back(c.scattered ? t * 7 % 3 : t > 60 ? -1 : t * 3 / (length + 1));
      prefix.push_back(c.scattered ? t * 11 % 7 - 3 : t % 9 < 6 ? t / 9 : -1);
    }
    offsets.push_back(offsets.back() + length);
  }
  const std::int64_t tokens = offsets.back();
  in.q = at::randn({tokens, c.heads, c.width}).to(type);
  in.k = at::randn({tokens, c.kv_heads, c.width}).to(type);
  in.v = at::randn({tokens, c.kv_heads, c.value_width}).to(type);
  in.weights = at::randn({tokens, c.heads, c.value_width});
  in.offsets = at::tensor(offsets, at::kLong);
  if (c.half > 0) {
    const at::Tensor angle = at::rand({tokens, c.half}) * 6;
    in.cos = angle.cos(), in.sin = angle.sin();
  }
  if (c.valid) in.valid = at::rand({tokens}) > 0.3;
  if (c.documents) in.document = at::tensor(document, at::kLong);
  if (c.prefixes) in.prefix = at::tensor(prefix, at::kLong);
  return in;
}

// The rules of welt_attention, word by word.
bool sees(const Case& c, const Inputs& in, std::int64_t first, std::int64_t query, std::int64_t key) {
  const auto id = [&](const at::Tensor& ids, std::int64_t slot) { return ids[first + slot].item<std::int64_t>(); };
  bool seen = !c.causal || key <= query;
  if (c.valid) seen = seen && in.valid[first + key].item<bool>();
  if (c.documents) seen = seen && id(in.document, query) == id(in.document, key);
  if (c.prefixes) seen = seen || (id(in.prefix, query) >= 0 && id(in.prefix, query) == id(in.prefix, key));
  if (c.left >= 0) seen = seen && query - key <= c.left;
  if (c.right >= 0) seen = seen && key - query <= c.right;
  return seen;
}

at::Tensor turned(const Inputs& in, const at::Tensor& x, std::int64_t half) {
  if (half == 0) return x;
  const at::Tensor c = in.cos.to(at::kDouble).unsqueeze(1), s = in.sin.to(at::kDouble).unsqueeze(1);
  const at::Tensor a = x.narrow(2, 0, half), b = x.narrow(2, half, half);
  return at::cat({a * c - b * s, b * c + a * s, x.narrow(2, 2 * half, x.size(2) - 2 * half)}, 2);
}

at::Tensor by_definition(const Case& c, const Inputs& in, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                         double scale) {
  const at::Tensor queries = turned(in, q, c.half), keys = turned(in, k, c.half);
  std::vector<at::Tensor> rows;
  std::int64_t first = 0;
  for (const std::int64_t length : c.lengths) {
    if (length == 0) continue;
    at::Tensor mask = at::zeros({length, length}, at::kBool);
    for (std::int64_t i = 0; i < length; ++i)
      for (std::int64_t j = 0; j < length; ++j) mask[i][j].fill_(sees(c, in, first, i, j));
    std::vector<at::Tensor> heads;
    for (std::int64_t h = 0; h < c.heads; ++h) {
      const std::int64_t g = h / (c.heads / c.kv_heads);
      const at::Tensor scores =
          at::matmul(queries.narrow(0, first, length).select(1, h), keys.narrow(0, first, length).select(1, g).t()) *
          scale;
      const at::Tensor weights = at::softmax(scores.masked_fill(mask.logical_not(), -1e30), -1);
      const at::Tensor out = at::matmul(weights, v.narrow(0, first, length).select(1, g));
      heads.push_back(out.masked_fill(mask.any(1, true).logical_not(), 0).unsqueeze(1));
    }
    rows.push_back(at::cat(heads, 1));
    first += length;
  }
  return at::cat(rows);
}

at::Tensor run(const Case& c, const Inputs& in, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
               double scale, double dropout = 0, std::int64_t seed = 0) {
  const auto optional = [](const at::Tensor& x) { return x.defined() ? std::optional(x) : std::nullopt; };
  return row_attention(q, k, v, in.offsets, optional(in.cos), optional(in.sin), optional(in.valid),
                       optional(in.document), optional(in.prefix), scale, c.causal, c.left, c.right, dropout, seed);
}

void compare(const Case& c, at::ScalarType type, double tolerance) {
  const Inputs in = inputs_of(c, type);
  const double scale = 0.3;
  const auto leaf = [](const at::Tensor& x) { return x.detach().clone().requires_grad_(); };
  const at::Tensor q = leaf(in.q), k = leaf(in.k), v = leaf(in.v);
  const at::Tensor q64 = leaf(in.q.to(at::kDouble)), k64 = leaf(in.k.to(at::kDouble)), v64 = leaf(in.v.to(at::kDouble));
  const at::Tensor out = run(c, in, q, k, v, scale), expected = by_definition(c, in, q64, k64, v64, scale);
  EXPECT_EQ(out.scalar_type(), type);
  EXPECT_LT(distance(out, expected), tolerance);
  (out.to(at::kFloat) * in.weights).sum().backward();
  (expected * in.weights.to(at::kDouble)).sum().backward();
  EXPECT_LT(distance(q.grad(), q64.grad()), tolerance);
  EXPECT_LT(distance(k.grad(), k64.grad()), tolerance);
  EXPECT_LT(distance(v.grad(), v64.grad()), tolerance);
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {{1, 3, 3, 0, 7, 40}, 4, 4, 16, 16},
      {{5, 70}, 4, 2, 20, 12, true, -1, -1, 4},
      {{9, 33}, 3, 1, 64, 64, false},
      {{50}, 2, 2, 8, 8, true, 3, -1, 4},
      {{50, 2}, 2, 2, 5, 3, false, 4, 6},
      {{37, 4}, 2, 1, 16, 16, true, -1, -1, 8, true},
      {{37, 65}, 2, 2, 16, 16, true, -1, -1, 0, false, true},
      {{21, 66}, 2, 1, 16, 16, true, -1, -1, 0, false, true, true},
      {{35}, 1, 1, 16, 16, false, 10, -1, 0, true, true, true},
      {{1, 1, 1}, 1, 1, 1, 1},
      {{10, 70}, 2, 1, 16, 16, true, -1, -1, 0, false, false, true},
      {{80}, 2, 2, 16, 16, true, 20, -1, 0, false, true, true},
      {{40, 75}, 1, 1, 16, 16, false, -1, -1, 0, false, true},
      {{75}, 1, 1, 16, 16, false, 12, 7, 0, false, true, true},
      {{12, 70}, 1, 1, 16, 16, true, -1, -1, 0, false, true, false, true},
      {{12, 70}, 1, 1, 16, 16, true, 30, -1, 0, false, true, true, true},
      {{70}, 1, 1, 16, 16, false, -1, -1, 0, false, false, true, true},
  };
  return all;
}

TEST(RowAttention, EveryMaskMatchesTheDefinition) {
  with_each_set([] {
    for (std::size_t i = 0; i < cases().size(); ++i) {
      SCOPED_TRACE(i);
      compare(cases()[i], at::kFloat, 2e-6);
    }
  });
}

TEST(RowAttention, BfloatIsAsGoodAsItsRounding) {
  with_each_set([] {
    for (std::size_t i = 0; i < cases().size(); ++i) {
      SCOPED_TRACE(i);
      compare(cases()[i], at::kBFloat16, 4e-3);
    }
  });
}

TEST(RowAttention, ViewsOfOneProductAreReadAsTheyLie) {
  const Case c{{6, 11}, 3, 3, 8, 8};
  Inputs in = inputs_of(c, at::kFloat);
  const at::Tensor fused = at::randn({17, 3, 3, 8});
  const at::Tensor q = fused.select(2, 0), k = fused.select(2, 1), v = fused.select(2, 2);
  with_each_set([&] {
    EXPECT_LT(distance(run(c, in, q, k, v, 1), run(c, in, q.contiguous(), k.contiguous(), v.contiguous(), 1)), 1e-12);
    const at::Tensor strided = at::randn({17, 3, 16}).slice(2, 0, 16, 2);  // not dense in its last dimension
    EXPECT_LT(distance(run(c, in, strided, k, v, 1), run(c, in, strided.contiguous(), k, v, 1)), 1e-12);
  });
}

// A NaN or an infinity must come out where it counts, and stay away where it does not.
TEST(RowAttention, NotANumberComesOutWhereItIsSeen) {
  const Case c{{4, 5}, 1, 1, 8, 8};
  const Inputs in = inputs_of(c, at::kFloat);
  with_each_set([&] {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      at::Tensor q = in.q.clone();
      q[2][0][3].fill_(bad);  // the first row's third query
      const at::Tensor out = run(c, in, q, in.k, in.v, 1), good = run(c, in, in.q, in.k, in.v, 1);
      EXPECT_TRUE(out[2].isnan().all().item<bool>());
      EXPECT_LT(distance(out.narrow(0, 0, 2), good.narrow(0, 0, 2)), 1e-12);
      EXPECT_LT(distance(out.narrow(0, 3, 6), good.narrow(0, 3, 6)), 1e-12);
    }
  });
}

TEST(RowAttention, DroppedWeightsAreAShareAndTheSameAgain) {
  const Case c{{200}, 2, 2, 8, 200, false};
  Inputs in = inputs_of(c, at::kFloat);
  // Values that show the weights: the unit matrix.
  in.v = at::zeros({200, 2, 200});
  for (std::int64_t t = 0; t < 200; ++t) in.v[t].select(1, t).fill_(1);
  with_each_set([&] {
    const at::Tensor all = run(c, in, in.q, in.k, in.v, 0.01), some = run(c, in, in.q, in.k, in.v, 0.01, 0.25, 7);
    EXPECT_NEAR(some.eq(0).to(at::kFloat).mean().item<double>(), 0.25, 0.01);
    EXPECT_NEAR((some.sum() / all.sum()).item<double>(), 1, 0.01);
    EXPECT_TRUE(some.equal(run(c, in, in.q, in.k, in.v, 0.01, 0.25, 7)));
    EXPECT_FALSE(some.equal(run(c, in, in.q, in.k, in.v, 0.01, 0.25, 8)));
    const at::Tensor kept = at::where(some.eq(0), all * 0, all / 0.75);
    EXPECT_LT(distance(some, kept), 1e-6);
  });
}

TEST(RowAttention, GradientsUnderDropoutAreThoseOfTheSameWeights) {
  const Case c{{19, 8}, 2, 1, 8, 8};
  at::manual_seed(7);
  const Inputs in = inputs_of(c, at::kFloat);
  with_each_set([&] {
    const at::Tensor q = in.q.clone().requires_grad_();
    const auto loss = [&](const at::Tensor& query) {
      return (run(c, in, query, in.k, in.v, 1, 0.3, 5) * in.weights).sum();
    };
    loss(q).backward();
    const at::Tensor direction = at::randn(in.q.sizes());
    const double step = 3e-3;
    const double slope = ((loss(in.q + step * direction) - loss(in.q - step * direction)) / (2 * step)).item<double>();
    EXPECT_NEAR(slope, (q.grad() * direction).sum().item<double>(), 5e-3 * std::abs(slope) + 5e-3);
  });
}

TEST(RowAttention, AnyThreadsGiveTheSame) {
  const Case c{{3, 120, 31, 8}, 4, 2, 16, 16};
  const Inputs in = inputs_of(c, at::kFloat);
  const at::Tensor one = run(c, in, in.q, in.k, in.v, 1);
  for (const int threads : {2, 3, 7}) {
    at::set_num_threads(threads);
    EXPECT_TRUE(run(c, in, in.q, in.k, in.v, 1).equal(one)) << threads;
  }
  at::set_num_threads(1);
}

TEST(RowAttention, NoRowsAndNoTokens) {
  const Case c{{}, 2, 2, 4, 4};
  const Inputs in = inputs_of(c, at::kFloat);
  EXPECT_EQ(run(c, in, in.q, in.k, in.v, 1).size(0), 0);
  const Case empty{{0, 0}, 2, 2, 4, 4};
  const Inputs none = inputs_of(empty, at::kFloat);
  EXPECT_EQ(run(empty, none, none.q, none.k, none.v, 1).size(0), 0);
}

TEST(RowAttention, WhatDoesNotFitIsRefused) {
  const Case c{{4}, 2, 2, 4, 4};
  Inputs in = inputs_of(c, at::kFloat);
  EXPECT_THROW(run(c, in, in.q, in.k.narrow(0, 0, 3), in.v, 1), c10::Error);
  EXPECT_THROW(run(c, in, in.q.to(at::kDouble), in.k, in.v, 1), c10::Error);
  in.offsets = at::tensor({0, 5}, at::kLong);
  EXPECT_THROW(run(c, in, in.q, in.k, in.v, 1), c10::Error);
}

}  // namespace
}  // namespace welt::kernels
