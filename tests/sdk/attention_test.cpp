// Row attention and row plans: packed equals dense, caches equal the full forward, masks, gradients, dtypes.
#include "welt/nn/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "core/kernels/instructions.h"

namespace {

using at::Tensor;
using welt::nn::AttentionOptions;
using welt::nn::RowInput;
using welt::nn::RowPlan;

Tensor longs(std::vector<std::int64_t> values) { return at::tensor(values, at::kLong); }
double gap(const Tensor& a, const Tensor& b) { return a.numel() == 0 ? 0 : (a - b).abs().max().item<double>(); }

// q, k, v in one tensor [.., (H + 2·Hkv)·d], so that one tensor stands for a layer's input.
struct Heads {
  std::int64_t q = 4, kv = 2, width = 6;
  std::int64_t total() const { return (q + 2 * kv) * width; }
};

Tensor attend(const Tensor& qkv, const RowInput& input, const AttentionOptions& options = {}, Heads heads = {}) {
  RowInput with = input;
  with.embeds = qkv;
  const RowPlan plan(with);
  const Tensor x = plan.enter(qkv);
  const std::int64_t kv = heads.kv * heads.width, tokens = x.size(0);
  const Tensor q = x.narrow(1, 0, heads.q * heads.width).view({tokens, heads.q, heads.width});
  const Tensor k = x.narrow(1, heads.q * heads.width, kv).view({tokens, heads.kv, heads.width});
  const Tensor v = x.narrow(1, heads.q * heads.width + kv, kv).view({tokens, heads.kv, heads.width});
  const Tensor out = plan.leave(welt::nn::row_attention(q, k, v, plan, options));
  plan.commit();
  return out;
}

// The definition, one row and head at a time.   qkv [T, …], seen BOOL [T, T] → [T, H·d]
Tensor by_definition(const Tensor& qkv, const Tensor& seen, Heads heads = {}) {
  std::vector<Tensor> out;
  for (std::int64_t h = 0; h < heads.q; ++h) {
    const std::int64_t kv = heads.q + h / (heads.q / heads.kv);
    const Tensor q = qkv.narrow(1, h * heads.width, heads.width);
    const Tensor k = qkv.narrow(1, kv * heads.width, heads.width);
    const Tensor v = qkv.narrow(1, (kv + heads.kv) * heads.width, heads.width);
    const Tensor scores = at::matmul(q, k.t()) / std::sqrt(static_cast<double>(heads.width));
    out.push_back(at::matmul(at::softmax(scores.masked_fill(seen.logical_not(), -1e30), -1), v));
  }
  return at::cat(out, 1);
}

Tensor offsets_of(const std::vector<std::int64_t>& lengths) {
  std::vector<std::int64_t> out{0};
  for (const std::int64_t length : lengths) out.push_back(out.back() + length);
  return longs(out);
}

Tensor random(at::IntArrayRef shape) { return at::randn(shape, at::kDouble); }

const std::vector<std::vector<std::int64_t>> length_lists = {
    {1}, {3, 3, 3}, {2, 2, 5, 7}, {7, 5, 2, 2}, {4, 1, 4, 9, 1, 2}, {0, 3, 0, 2}, {70, 3, 70, 66}, {5, 0, 80}};

TEST(RowAttention, PackedRowsEqualTheDefinition) {
  for (const auto& lengths : length_lists) {
    for (const bool causal : {true, false}) {
      const Tensor offsets = offsets_of(lengths);
      const Tensor qkv = random({offsets[-1].item<std::int64_t>(), Heads().total()});
      const Tensor out = attend(qkv, {.row_offsets = offsets, .causal = causal});
      for (std::size_t i = 0, start = 0; i < lengths.size(); start += static_cast<std::size_t>(lengths[i++])) {
        if (lengths[i] == 0) continue;
        const Tensor all = at::ones({lengths[i], lengths[i]}, at::kBool);
        const auto first = static_cast<std::int64_t>(start);
        const Tensor expected = by_definition(qkv.narrow(0, first, lengths[i]), causal ? all.tril() : all);
        EXPECT_LT(gap(out.narrow(0, first, lengths[i]), expected), 1e-12);
      }
    }
  }
}

TEST(RowAttention, PackedMasksEqualDenseMasks) {
  const std::vector<std::int64_t> lengths = {6, 3, 6, 1};
  const std::int64_t longest = 6, n = 4;
  const Tensor offsets = offsets_of(lengths);
  const Tensor dense = random({n, longest, Heads().total()});
  const Tensor valid = at::randn({n, longest}) > -0.5, document = (at::randn({n, longest}) > 0).to(at::kLong);
  const Tensor prefix = (at::randn({n, longest}) > 0).to(at::kLong) - 1;
  const auto pack = [&](const Tensor& x) {
    std::vector<Tensor> parts;
    for (std::int64_t i = 0; i < n; ++i) parts.push_back(x[i].narrow(0, 0, lengths[static_cast<std::size_t>(i)]));
    return at::cat(parts);
  };
  const Tensor inside = at::arange(longest, at::kLong).unsqueeze(0) < longs(lengths).unsqueeze(1);
  for (const bool causal : {true, false}) {
    for (const std::int64_t left : {-1, 2}) {
      const AttentionOptions options{.window = {.left = left, .right = left}};
      const Tensor a = attend(pack(dense),
                              {.row_offsets = offsets,
                               .causal = causal,
                               .key_valid = pack(valid),
                               .document_id = pack(document),
                               .prefix_id = pack(prefix)},
                              options);
      // Outside the row: keys not valid, and no prefix block.
      const Tensor b = attend(dense,
                              {.causal = causal,
                               .key_valid = valid & inside,
                               .document_id = document,
                               .prefix_id = prefix.masked_fill(inside.logical_not(), -1)},
                              options);
      EXPECT_LT(gap(a, pack(b)), 1e-12);
    }
  }
}

TEST(RowAttention, DenseMaskIsTheWholeMask) {
  for (const std::int64_t length : {5, 80}) {
    const Tensor qkv = random({2, length, Heads().total()});
    const Tensor dense = at::randn({2, 1, length, length}) > 0;
    const Tensor out = attend(qkv,
                              {.causal = true,
                               .key_valid = at::zeros({2, length}, at::kBool),
                               .document_id = at::arange(length, at::kLong).expand({2, length}),
                               .dense = dense},
                              {.window = {.left = 1}});
    for (std::int64_t i = 0; i < 2; ++i) {
      const Tensor sees = dense[i][0].any(-1, true);
      const Tensor expected = by_definition(qkv[i], dense[i][0]).masked_fill(sees.logical_not(), 0);
      EXPECT_LT(gap(out[i], expected), 1e-12);
    }
  }
}

TEST(RowAttention, QueryWithoutKeysIsFiniteAndHasNoGradient) {
  for (const std::int64_t length : {4, 600}) {  // plain and fused; 600 is more than one block of keys
    Tensor qkv = at::randn({1, length, Heads().total()}).requires_grad_(true);
    Tensor valid = at::ones({1, length}, at::kBool);
    valid.narrow(1, 0, length - 1).fill_(false);  // causal: only the last query sees a key
    const Tensor out = attend(qkv, {.key_valid = valid});
    EXPECT_TRUE(at::isfinite(out).all().item<bool>());
    out.sum().backward();
    EXPECT_TRUE(at::isfinite(qkv.grad()).all().item<bool>());
    EXPECT_EQ(gap(qkv.grad().narrow(1, 0, length - 1), at::zeros({1})), 0);
    EXPECT_GT(qkv.grad()[0][length - 1].abs().sum().item<double>(), 0);
  }
}

TEST(RowAttention, GradientsAgreeWithFiniteDifferences) {
  const Tensor offsets = offsets_of({2, 4, 2});
  const Tensor valid = at::tensor({1, 1, 0, 1, 1, 1, 0, 1}, at::kLong).to(at::kBool);
  const welt::nn::Rotary rotary({.head_dim = 6, .max_positions = 16});
  const RowInput input{.row_offsets = offsets, .key_valid = valid};
  RowInput planned = input;
  planned.embeds = at::zeros({8, 1});
  const RowPlan plan(planned);
  const auto table = rotary.table(plan.positions(), plan.longest_position(), at::kDouble);
  const Tensor weight = random({8, 24});
  Tensor qkv = random({8, Heads().total()}).requires_grad_(true);
  const auto objective = [&](const Tensor& x) { return (attend(x, input, {.rotary = &table}) * weight).sum(); };
  objective(qkv).backward();
  const Tensor base = qkv.detach();
  for (std::int64_t i = 0; i < base.numel(); i += 7) {
    Tensor up = base.clone(), down = base.clone();
    up.view(-1)[i] += 1e-5;
    down.view(-1)[i] -= 1e-5;
    const double slope = (objective(up) - objective(down)).item<double>() / 2e-5;
    EXPECT_NEAR(slope, qkv.grad().view(-1)[i].item<double>(), 1e-7);
  }
}

TEST(RowAttention, EveryDtypeIsCloseToDouble) {
  const Tensor qkv = random({3, 70, Heads().total()});
  const Tensor valid = at::randn({3, 70}) > -1;
  const Tensor exact = attend(qkv, {.key_valid = valid});
  for (const auto& [type, bound] : {std::tuple{at::kFloat, 1e-5}, std::tuple{at::kBFloat16, 0.05}}) {
    const Tensor out = attend(qkv.to(type), {.key_valid = valid});
    EXPECT_EQ(out.scalar_type(), type);
    EXPECT_LT(gap(out.to(at::kDouble), exact), bound);
  }
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const Tensor mixed = attend(qkv.to(at::kFloat), {.key_valid = valid});
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_LT(gap(mixed.to(at::kDouble), exact), 0.05);
}

// Scores of some hundreds: rounded to bfloat16 they are off by whole units, and so are their softmax's exponents.
TEST(RowAttention, UpcastKeepsScoresInFloat32) {
  const Tensor qkv = (at::randn({2, 40, Heads().total()}) * 10).to(at::kBFloat16);
  const Tensor exact = attend(qkv.to(at::kDouble), {});
  const auto off = [&](const Tensor& x) { return (x.to(at::kDouble) - exact).norm().item<double>(); };
  const double bound = 0.004 * exact.norm().item<double>();  // weights and result are rounded to 1/512
  const Tensor wide = attend(qkv, {}, {.upcast = true});
  EXPECT_EQ(wide.scalar_type(), at::kBFloat16);
  EXPECT_LT(off(wide), bound);
  {  // the kernels have their sums in float32 anyway
    const auto* kernels = welt::kernels::chosen_instructions();
    welt::kernels::choose_instructions(nullptr);
    EXPECT_GT(off(attend(qkv, {})), 2 * bound);
    EXPECT_LT(off(attend(qkv, {}, {.upcast = true})), bound);
    welt::kernels::choose_instructions(kernels);
  }
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const Tensor mixed = attend(qkv, {}, {.upcast = true});
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_LT(off(mixed), bound);
  EXPECT_TRUE(attend(qkv.to(at::kDouble), {}, {.upcast = true}).equal(exact));
}

TEST(RowPlan, RefusesWhatDoesNotFit) {
  const Tensor embeds = at::zeros({4, 3});
  const auto plan = [](RowInput input) { return RowPlan(input); };
  EXPECT_THROW(plan({.embeds = embeds}), welt::sdk::Failure);
  EXPECT_THROW(plan({.embeds = embeds, .row_offsets = longs({0, 3, 2, 4})}), welt::sdk::Failure);
  EXPECT_THROW(plan({.embeds = embeds, .row_offsets = longs({0, 5})}), welt::sdk::Failure);
  EXPECT_THROW(plan({.embeds = embeds, .row_offsets = longs({0, 4}), .positions = longs({0, 1, 2, -1})}),
               welt::sdk::Failure);
  EXPECT_THROW(plan({.embeds = embeds, .row_offsets = longs({0, 4}), .key_valid = longs({1, 1, 1, 1})}),
               welt::sdk::Failure);
  EXPECT_THROW(plan({.embeds = embeds, .row_offsets = longs({0, 4}), .dense = at::ones({1, 1, 4, 4}, at::kBool)}),
               welt::sdk::Failure);
}

}  // namespace
