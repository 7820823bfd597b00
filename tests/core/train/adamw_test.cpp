// AdamW against its formula, step by step in double precision; clipping, groups, parameters without gradient.
#include "core/train/adamw.h"
#include "core/train/gradients.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "core/base/error.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

ModelParameter parameter(const std::string& name, std::vector<float> values, bool decay) {
  return {name, at::tensor(values).requires_grad_(), decay, "group"};
}

void set_gradient(ModelParameter& p, std::vector<float> values) { p.tensor.mutable_grad() = at::tensor(values); }

// One weight under the formula of the header.
struct Exact {
  double p, m = 0, v = 0;
  int step = 0;
  void update(double g, double lr, double decay, const AdamWOptions& o) {
    ++step;
    p *= 1 - lr * decay;
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    p -= lr * (m / (1 - std::pow(o.beta1, step))) / (std::sqrt(v / (1 - std::pow(o.beta2, step))) + o.eps);
  }
};

TEST(AdamW, FollowsTheFormulaInBothGroupsWithClipping) {
  const AdamWOptions options{.weight_decay = 0.1, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6};
  std::vector<ModelParameter> all{parameter("matrix", {0.5F}, true), parameter("bias", {-0.25F}, false)};
  AdamW optimizer(all, options);
  Gradients of_all(all);
  Exact matrix{0.5}, bias{-0.25};
  const double gradients[4][2] = {{3, 4}, {0.1, -0.2}, {-5, 0}, {0.01, 0.02}};
  for (const auto& g : gradients) {
    set_gradient(all[0], {static_cast<float>(g[0])});
    set_gradient(all[1], {static_cast<float>(g[1])});
    const double norm = of_all.norm().item<double>();
    EXPECT_NEAR(norm, std::hypot(g[0], g[1]), 1e-6);
    of_all.clip(norm, 1.0);
    optimizer.step(0.01);
    of_all.drop();
    const double scale = std::min(1.0, 1.0 / (std::hypot(g[0], g[1]) + 1e-6));
    matrix.update(g[0] * scale, 0.01, 0.1, options);
    bias.update(g[1] * scale, 0.01, 0.0, options);
    EXPECT_NEAR(all[0].tensor.item<double>(), matrix.p, 1e-6);
    EXPECT_NEAR(all[1].tensor.item<double>(), bias.p, 1e-6);
    EXPECT_FALSE(all[0].tensor.grad().defined());
  }
}

TEST(AdamW, LeavesAParameterWithoutGradientAloneDecayIncluded) {
  std::vector<ModelParameter> all{parameter("used", {1.0F}, true), parameter("unused", {1.0F}, true)};
  AdamW optimizer(all, {.weight_decay = 0.5});
  set_gradient(all[0], {1.0F});
  optimizer.step(0.1);
  EXPECT_LT(all[0].tensor.item<float>(), 1.0F);
  EXPECT_EQ(all[1].tensor.item<float>(), 1.0F);
}

TEST(AdamW, SavedStateContinuesExactly) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "welt-adamw-test.safetensors";
  std::vector<ModelParameter> straight{parameter("w", {1.0F, -2.0F}, true)},
      resumed{parameter("w", {1.0F, -2.0F}, true)};
  AdamW first(straight, {}), second(resumed, {});
  for (AdamW* optimizer : {&first, &second}) {
    set_gradient(optimizer == &first ? straight[0] : resumed[0], {0.3F, 0.7F});
    optimizer->step(0.01);
  }
  second.save(file);
  AdamW third(resumed, {});
  third.load(file);
  set_gradient(straight[0], {-0.1F, 0.2F});
  set_gradient(resumed[0], {-0.1F, 0.2F});
  first.step(0.01);
  third.step(0.01);
  EXPECT_TRUE(straight[0].tensor.equal(resumed[0].tensor));
  std::vector<ModelParameter> other{parameter("v", {1.0F}, true)};
  AdamW wrong(other, {});
  EXPECT_THROW(wrong.load(file), Error);
  std::filesystem::remove(file);
}

// Moments that no step leaves were read, and the next update made NaN of the weights.
TEST(AdamW, StateThatNoStepLeavesIsRefusedByName) {
  const test::TempFolder folder;
  std::vector<ModelParameter> all{parameter("w", {1.0F, -2.0F}, true)};
  const auto refusal = [&](const std::string& name, const at::Tensor& values) {
    AdamW optimizer(all, {});
    for (const auto& [state, tensor] : optimizer.state())
      if (state == name) *tensor = values;
    optimizer.save(folder / "optimizer.safetensors");
    AdamW again(all, {});
    return test::error_of([&] { again.load(folder / "optimizer.safetensors"); });
  };
  EXPECT_CONTAINS(refusal("w.exp_avg_sq", at::tensor({0.5F, -1.0F})), "w.exp_avg_sq: squares below 0");
  EXPECT_CONTAINS(refusal("w.exp_avg", at::tensor({3e38F, 0.0F})), "w.exp_avg: values too large");
  EXPECT_CONTAINS(refusal("w.step", at::tensor(-5.0F).squeeze()), "w.step: -5 steps");
  AdamW large(all, {});  // the square of a gradient may be as large as a number can
  *large.state().at(1).second = at::tensor({3e38F, 0.0F});
  large.save(folder / "optimizer.safetensors");
  AdamW(all, {}).load(folder / "optimizer.safetensors");
}

TEST(Gradients, NamesTheGroupOfTheFirstValueThatIsNotFinite) {
  std::vector<ModelParameter> all{parameter("good", {1.0F}, true), parameter("bad", {1.0F}, true)};
  const Gradients gradients(all);
  EXPECT_EQ(gradients.first_not_finite(), "");
  set_gradient(all[1], {std::numeric_limits<float>::quiet_NaN()});
  EXPECT_NE(gradients.first_not_finite().find("gradient of parameter group group (bad)"), std::string::npos);
}

}  // namespace
}  // namespace welt
