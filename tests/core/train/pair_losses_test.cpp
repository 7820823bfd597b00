// Losses and straight-through estimators beside float64 values (tests/goldens/train_embedding/make.py).
#include "core/train/pair_losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/tensor/tensor_io.h"
#include "core/train/static_model.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

constexpr std::int64_t dims[] = {6, 4, 2};
constexpr double scale = 20;
// Both are float64 and sum in other orders; gradients are up to 20 times the cosines'.
constexpr double tolerance = 1e-11;

at::Tensor golden(const std::string& name) {
  static const SafetensorsFile file =
      SafetensorsFile::open(std::filesystem::path(WELT_TEST_DATA) / "train_embedding/expected.safetensors");
  return copied_tensor(file, *file.find(name));
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TokenTexts texts_of(const std::vector<std::vector<std::int32_t>>& ids) {
  TokenTexts texts;
  for (const std::vector<std::int32_t>& text : ids) texts.add(text);
  return texts;
}

// The model of the goldens; its parameters by name.
StaticModel golden_model() {
  StaticModel model(golden("codebook"), dims[0], /*train_codebook=*/true);
  for (const ModelParameter& parameter : model.parameters()) {
    const std::string name = parameter.name == "token_weights"       ? "weights"
                             : parameter.name == "projection.weight" ? "projection"
                             : parameter.name == "projection.bias"   ? "bias"
                                                                     : "codebook";
    parameter.tensor.detach().copy_(golden(name));
  }
  return model;
}

struct Form {
  std::string name, form;
  double power;
};

class StaticModelParity : public testing::TestWithParam<Form> {};

TEST_P(StaticModelParity, LossAndGradientsAreThoseOfFloat64) {
  const Form form = GetParam();
  const StaticModel model = golden_model();
  const at::Tensor first = model.forward(texts_of({{1, 2, 3}, {4}, {5, 5, 6, 0}, {10, 9}})),
                   second = model.forward(texts_of({{3, 2}, {7, 8, 4}, {6}, {9, 1, 10}}));
  EXPECT_LT(difference(first.detach(), golden("first")), tolerance);
  EXPECT_LT(difference(second.detach(), golden("second")), tolerance);
  const at::Tensor loss =
      matryoshka_loss(binarized(first, form.form, form.power), binarized(second, form.form, form.power), dims, scale);
  EXPECT_NEAR(loss.item<double>(), golden(form.name + ".loss").item<double>(), tolerance);
  loss.backward();
  EXPECT_LT(difference(model.codebook().grad(), golden(form.name + ".codebook")), tolerance);
  EXPECT_LT(difference(model.weights().grad(), golden(form.name + ".weights")), tolerance);
  EXPECT_LT(difference(model.projection().grad(), golden(form.name + ".projection")), tolerance);
  EXPECT_LT(difference(model.bias().grad(), golden(form.name + ".bias")), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Forms, StaticModelParity,
                         testing::Values(Form{"none", "none", 1}, Form{"ste", "ste", 1}, Form{"tanh", "tanh", 1},
                                         Form{"reste", "reste", 1}, Form{"reste3", "reste", 3}),
                         [](const auto& info) { return info.param.name; });

TEST(StaticModel, TheFoldedTableGivesTheSameVectors) {
  const StaticModel model = golden_model();
  const at::Tensor table = model.table();
  EXPECT_LT(difference(table.to(at::kDouble), golden("table")), 1e-5);  // float32
  const at::Tensor mean = (table[1] + table[2] + table[3]) / 3;
  EXPECT_LT(difference(model.forward(texts_of({{1, 2, 3}}))[0].detach(), mean.to(at::kDouble)), 1e-5);
}

TEST(PairLosses, SignsAreSignsAndNoneChangesNothing) {
  const at::Tensor x = at::tensor({-2.0, -0.05, 0.0, 0.3, 1.2});
  for (const char* form : {"ste", "tanh", "reste"})
    EXPECT_TRUE(at::equal(binarized(x, form), at::tensor({-1.0, -1.0, 0.0, 1.0, 1.0}))) << form;
  EXPECT_TRUE(at::equal(binarized(x, "none"), x));
  EXPECT_CONTAINS(test::error_of([&] { binarized(x, "sts"); }), "ste");
}

TEST(PairLosses, AVectorOfZerosIsNoNumberOutOfRange) {
  const at::Tensor loss = ranking_loss(at::zeros({3, 2}), at::zeros({3, 2}), scale);
  EXPECT_NEAR(loss.item<double>(), std::log(3.0), 1e-6);  // all are alike
}

TEST(PairLosses, RankedFirstCountsOwnTexts) {
  const at::Tensor a = at::tensor({1.0, 0.0, 0.0, 1.0, 1.0, 1.0}).view({3, 2});
  EXPECT_EQ(ranked_first(a, a), 3);
  EXPECT_EQ(ranked_first(a, at::tensor({0.0, 1.0, 1.0, 0.0, 1.0, 1.0}).view({3, 2})), 1);
}

}  // namespace
}  // namespace welt
