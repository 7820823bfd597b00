// Norms, activations and loss beside their definitions in float64, on every instruction set of the machine.
#include <ATen/ops/cat.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>

#include <limits>

#include "core/kernels/cross_entropy.h"
#include "core/kernels/operators.h"
#include "tests/core/kernels/each_set.h"

namespace welt::kernels {
namespace {

at::Tensor leaf(const at::Tensor& x, at::ScalarType type) { return x.to(type).detach().clone().requires_grad_(); }

at::Tensor norm_by_definition(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b, std::int64_t kind) {
  if (kind == 0) return at::layer_norm(x, w.sizes(), w, b, 1e-5);
  const at::Tensor scaled = x * at::rsqrt((x * x).mean(-1, true) + 1e-5);
  return kind == 1 ? w * scaled : (1 + w) * scaled;
}

void compare_norms(at::ScalarType type, double tolerance) {
  for (const std::int64_t width : {1, 7, 64, 300}) {
    for (const std::int64_t kind : {0, 1, 2}) {
      if (width == 1 && (kind == 0 || type == at::kBFloat16)) continue;  // signs alone: gradients cancel
      SCOPED_TRACE(testing::Message() << "width " << width << ", kind " << kind);
      const at::Tensor x = at::randn({9, width}).to(type), y = at::randn({9, width}).to(type),
                       w = at::randn({width}).to(type), b = at::randn({width}).to(type);
      const at::Tensor ahead = at::randn({9, width}), carried = at::randn({9, width});
      std::vector<at::Tensor> in, in64;
      for (const at::Tensor& t : {x, y, w, b}) in.push_back(leaf(t, type)), in64.push_back(leaf(t, at::kDouble));
      const auto bias = kind == 0 ? std::optional(in[3]) : std::nullopt;
      const auto [sum, normed] = residual_norm(in[0], in[1], in[2], bias, kind, 1e-5);
      const at::Tensor sum64 = in64[0] + in64[1], normed64 = norm_by_definition(sum64, in64[2], in64[3], kind);
      EXPECT_LT(distance(sum, sum64), tolerance);
      EXPECT_LT(distance(normed, normed64), tolerance);
      ((sum * carried).sum() + (normed * ahead).sum()).backward();
      ((sum64 * carried.to(at::kDouble)).sum() + (normed64 * ahead.to(at::kDouble)).sum()).backward();
      for (std::size_t i = 0; i < (kind == 0 ? 4U : 3U); ++i)
        EXPECT_LT(distance(in[i].grad(), in64[i].grad()), tolerance) << "gradient " << i;
      EXPECT_TRUE(norm(sum.detach(), in[2], bias, kind, 1e-5).equal(normed));
    }
  }
}

TEST(NormKernel, MatchesTheDefinition) {
  with_each_set([] { compare_norms(at::kFloat, 2e-6); });
}
TEST(NormKernel, BfloatIsAsGoodAsItsRounding) {
  with_each_set([] { compare_norms(at::kBFloat16, 8e-3); });
}
// What autocast hands over: a product in bfloat16, a residual and weights in float32.
TEST(NormKernel, MixedWidthsGiveTheWider) {
  with_each_set([] {
    const at::Tensor branch = leaf(at::randn({5, 40}), at::kBFloat16), residual = leaf(at::randn({5, 40}), at::kFloat),
                     w = leaf(at::randn({40}), at::kFloat);
    const auto [sum, normed] = residual_norm(branch, residual, w, {}, 1, 1e-6);
    EXPECT_EQ(sum.scalar_type(), at::kFloat);
    EXPECT_EQ(normed.scalar_type(), at::kFloat);
    EXPECT_LT(distance(sum, branch.to(at::kFloat) + residual), 1e-7);
    (normed.sum() + sum.sum()).backward();
    EXPECT_EQ(branch.grad().scalar_type(), at::kBFloat16);
    EXPECT_LT(distance(branch.grad(), residual.grad()), 4e-3);
  });
}
TEST(NormKernel, WhatAProductTakesMayBeNarrow) {
  with_each_set([] {
    const at::Tensor x = leaf(at::randn({5, 40}), at::kFloat), y = leaf(at::randn({5, 40}), at::kBFloat16),
                     w = leaf(at::randn({40}), at::kFloat), carried = at::randn({5, 40});
    const auto [sum, normed] = residual_norm(y, x, w, {}, 1, 1e-6, /*narrow=*/true);
    EXPECT_EQ(sum.scalar_type(), at::kFloat);
    EXPECT_EQ(normed.scalar_type(), at::kBFloat16);
    EXPECT_LT(distance(normed, norm(sum.detach(), w, {}, 1, 1e-6)), 4e-3);
    (normed.to(at::kFloat) * carried).sum().backward();
    const at::Tensor x64 = leaf(x, at::kDouble);
    (norm_by_definition(x64 + y.detach().to(at::kDouble), w.to(at::kDouble), {}, 1) * carried).sum().backward();
    EXPECT_LT(distance(x.grad(), x64.grad()), 8e-3);
    EXPECT_LT(distance(y.grad(), x64.grad()), 8e-3);
  });
}
TEST(NormKernel, SumAloneHasAGradient) {
  with_each_set([] {
    const at::Tensor x = leaf(at::randn({3, 8}), at::kFloat), y = leaf(at::randn({3, 8}), at::kFloat);
    const auto [sum, normed] = residual_norm(x, y, at::randn({8}), {}, 1, 1e-6);
    sum.sum().backward();
    EXPECT_EQ(x.grad().sum().item<float>(), 24);
    EXPECT_EQ(y.grad().sum().item<float>(), 24);
  });
}
TEST(NormKernel, NotANumberStaysInItsRow) {
  with_each_set([] {
    at::Tensor x = at::randn({4, 20});
    x[2][5].fill_(std::numeric_limits<float>::quiet_NaN());
    const at::Tensor out = norm(x, at::randn({20}), {}, 0, 1e-5);
    EXPECT_TRUE(out[2].isnan().all().item<bool>());
    EXPECT_EQ(out.isnan().sum().item<std::int64_t>(), 20);
  });
}

at::Tensor activation_by_definition(std::string_view name, const at::Tensor& x) {
  if (name == "silu") return at::silu(x);
  if (name == "gelu") return at::gelu(x);
  if (name == "gelu_new") return at::gelu(x, "tanh");
  if (name == "relu") return at::relu(x);
  return x * at::sigmoid(1.702 * x);
}

TEST(ActivationKernel, MatchesTheDefinition) {
  with_each_set([] {
    for (const char* name : {"silu", "gelu", "gelu_new", "relu", "quick_gelu"}) {
      SCOPED_TRACE(name);
      const at::Tensor spread = at::cat({at::linspace(-30, 30, 1001), at::randn({777}), at::tensor({-1e4, 1e4, 0.0})});
      const at::Tensor gate = leaf(spread, at::kFloat), up = leaf(at::randn(spread.sizes()), at::kFloat);
      const at::Tensor gate64 = leaf(spread, at::kDouble), up64 = leaf(up, at::kDouble);
      const at::Tensor out = gated_product(gate, up, name), out64 = activation_by_definition(name, gate64) * up64;
      EXPECT_LT(distance(out.narrow(0, 0, 1778), out64.narrow(0, 0, 1778)), 5e-7);
      const at::Tensor small = out64.narrow(0, 1001, 777);
      EXPECT_LT(distance(out.narrow(0, 1001, 777), small), 5e-7);
      out.sum().backward(), out64.sum().backward();
      EXPECT_LT(distance(gate.grad(), gate64.grad()), 1e-6);
      EXPECT_LT(distance(up.grad(), up64.grad()), 5e-7);
      const at::Tensor x = leaf(at::randn({11, 37}) * 3, at::kFloat), bias = leaf(at::randn({37}), at::kFloat);
      const at::Tensor x64 = leaf(x, at::kDouble), bias64 = leaf(bias, at::kDouble), ahead = at::randn({11, 37});
      const at::Tensor biased = biased_activation(x, bias, name),
                       biased64 = activation_by_definition(name, x64 + bias64);
      EXPECT_LT(distance(biased, biased64), 1e-6);
      (biased * ahead).sum().backward(), (biased64 * ahead.to(at::kDouble)).sum().backward();
      EXPECT_LT(distance(x.grad(), x64.grad()), 2e-6);
      EXPECT_LT(distance(bias.grad(), bias64.grad()), 2e-6);
    }
  });
}
TEST(ActivationKernel, BfloatIsAsGoodAsItsRounding) {
  with_each_set([] {
    for (const char* name : {"silu", "gelu", "gelu_new", "relu", "quick_gelu"}) {
      const at::Tensor gate = at::randn({333}).to(at::kBFloat16), up = at::randn({333}).to(at::kBFloat16);
      EXPECT_LT(distance(gated_product(gate, up, name),
                         activation_by_definition(name, gate.to(at::kDouble)) * up.to(at::kDouble)),
                4e-3)
          << name;
    }
  });
}
TEST(ActivationKernel, NotANumberStays) {
  with_each_set([] {
    for (const char* name : {"silu", "gelu", "gelu_new", "relu", "quick_gelu"}) {
      at::Tensor gate = at::randn({40});
      gate[3].fill_(std::numeric_limits<float>::quiet_NaN());
      gate[39].fill_(std::numeric_limits<float>::quiet_NaN());
      const at::Tensor out = gated_product(gate, at::randn({40}), name);
      EXPECT_TRUE(out[3].isnan().item<bool>() && out[39].isnan().item<bool>()) << name;
      EXPECT_EQ(out.isnan().sum().item<std::int64_t>(), 2) << name;
    }
  });
}
TEST(ActivationKernel, AnUnknownOneIsRefused) {
  EXPECT_THROW(gated_product(at::randn({4}), at::randn({4}), "tanhshrink"), c10::Error);
}

TEST(LossKernel, MatchesTheDefinition) {
  with_each_set([] {
    for (const std::int64_t classes : {2, 5, 256, 259}) {
      for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
        const at::Tensor logits = leaf(at::randn({37, classes}) * 4, type), logits64 = leaf(logits, at::kDouble);
        const at::Tensor targets = at::randint(classes, {37}, at::kLong);
        const at::Tensor loss = cross_entropy(logits, targets);
        const at::Tensor loss64 = -at::log_softmax(logits64, -1).gather(1, targets.unsqueeze(1)).sum();
        EXPECT_LT(distance(loss, loss64), 1e-6);
        (loss / 3).backward(), (loss64 / 3).backward();
        EXPECT_LT(distance(logits.grad(), logits64.grad()), type == at::kFloat ? 2e-6 : 4e-3);
      }
    }
  });
}
TEST(LossKernel, BarredBytesHaveNoShare) {  // units of UTF-32: minus infinity
  with_each_set([] {
    at::Tensor logits = at::randn({3, 256});
    logits.narrow(1, 17, 200).fill_(-std::numeric_limits<float>::infinity());
    const at::Tensor x = leaf(logits, at::kFloat), targets = at::tensor({0, 3, 16}, at::kLong);
    const at::Tensor loss = cross_entropy(x, targets);
    EXPECT_LT(distance(loss, -at::log_softmax(logits, -1).gather(1, targets.unsqueeze(1)).sum()), 1e-6);
    loss.backward();
    EXPECT_FALSE(x.grad().isnan().any().item<bool>());
    EXPECT_EQ(x.grad().narrow(1, 17, 200).abs().max().item<float>(), 0);
  });
}
TEST(LossKernel, ATargetThatIsNoClassIsRefused) {
  EXPECT_THROW(cross_entropy(at::randn({1, 4}), at::tensor({4}, at::kLong)), c10::Error);
}

}  // namespace
}  // namespace welt::kernels
