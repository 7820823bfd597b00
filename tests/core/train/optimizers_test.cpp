// Optimizers by name: which rule each parameter gets, states in bfloat16, averages of weights, what is frozen.
#include "core/train/optimizers.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/json.h"
#include "core/checkpoint/model_files.h"
#include "core/train/averages.h"
#include "core/train/orthogonalize.h"
#include "core/train/recipe_keys.h"
#include "core/train/rounded_state.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using nlohmann::json;

const std::filesystem::path goldens = std::filesystem::path(WELT_TEST_DATA);

ModelParameter parameter(const char* name, at::Tensor tensor, const char* group, bool table = false) {
  return {.name = name, .tensor = std::move(tensor), .decay = true, .group = group, .table = table};
}

// tests/goldens/optimizers/groups.json: four groups, as the Python WeLT's trainer makes them.
TEST(OptimizerGroupsParity, EveryParameterIsInTheGroupThatTheReferenceHasItIn) {
  static constexpr const char* kinds[] = {"matrix", "embedding", "vector", "head"};
  const json all = json::parse(std::ifstream(goldens / "optimizers" / "groups.json"));
  for (const auto& [name, expected] : all.items()) {
    const WeltModel model = load_model(goldens / "welt" / name);
    const auto contains = [](const json& list, const std::string& one) {
      return std::ranges::find(list, json(one)) != list.end();
    };
    for (const ModelParameter& one : model.parameters()) {
      const auto& groups = expected.at("dion");
      for (std::size_t i = 0; i < groups.size(); ++i) {
        const bool here = contains(groups[i].at("parameters"), one.name);
        EXPECT_EQ(here, kind_name(kind_of(one)) == kinds[i]) << name << " " << one.name << " " << kinds[i];
      }
      EXPECT_EQ(contains(expected.at("trainable_while_frozen"), one.name), learns_while_frozen(one, model.parameters()))
          << name << " " << one.name;
    }
  }
}

TEST(OptimizerGroups, AHeadLearnsAtTheRootOfItsWidthAndDoesNotDecay) {
  const Recipe recipe = parse_recipe(
      "[train]\noptimizer = \"dion2\"\nweight_decay = 0.5\nlearning_rate = 0.01\n"
      "[train.decoder]\nlearning_rate = 0.02\nweight_decay = 0.25\n",
      "r.toml");
  const std::vector<ModelParameter> parameters{
      parameter("bytes_decoder.lm_head.weight", at::ones({256, 16}), "bytes_decoder"),
      parameter("bytes_decoder.model.layers.0.mlp.weight", at::ones({8, 8}), "bytes_decoder"),
      parameter("latent_transformer.model.layers.0.mlp.weight", at::ones({8, 8}), "latent_transformer")};
  const auto optimizer = optimizer_of(recipe)(parameters);
  ASSERT_EQ(optimizer->groups().size(), 2U);
  const Optimizer::Group &matrices = optimizer->groups()[0], &rest = optimizer->groups()[1];
  EXPECT_EQ(matrices.rule->name(), "dion2");
  EXPECT_EQ(rest.rule->name(), "lion");
  EXPECT_DOUBLE_EQ(rest.slots.at(0).rate, 2.0 / 4);
  EXPECT_EQ(rest.slots.at(0).weight_decay, 0);
  EXPECT_DOUBLE_EQ(matrices.slots.at(0).rate, 2);
  EXPECT_DOUBLE_EQ(matrices.slots.at(0).weight_decay, 0.25);
  EXPECT_DOUBLE_EQ(matrices.slots.at(1).rate, 1);
  EXPECT_DOUBLE_EQ(matrices.slots.at(1).weight_decay, 0.5);
}

// With precision = "amp" or "bf16": the direction of the step is that of float32, and float64 is left alone.
TEST(Orthogonalize, ProductsInBFloat16ComeToTheSameDirection) {
  at::manual_seed(7);
  const at::Tensor matrix = at::randn({24, 40});
  for (const at::Tensor& one : {matrix, matrix.t()}) {
    for (const Orthogonalization& by : orthogonalizations()) {
      const at::Tensor exact = orthogonalize(one, by, 1e-8), rounded = orthogonalize(one, by, 1e-8, at::kBFloat16);
      ASSERT_EQ(rounded.scalar_type(), at::kFloat);
      ASSERT_EQ(rounded.sizes(), one.sizes());
      const double cosine =
          (exact * rounded).sum().item<double>() / (exact.norm().item<double>() * rounded.norm().item<double>());
      EXPECT_GT(cosine, 0.995) << by.name;
      EXPECT_NE(cosine, 1) << by.name;
    }
  }
  const at::Tensor wide = matrix.to(at::kDouble);
  EXPECT_TRUE(orthogonalize(wide, orthogonalizations()[0], 1e-8, at::kBFloat16)
                  .equal(orthogonalize(wide, orthogonalizations()[0], 1e-8)));
}

TEST(OptimizerGroups, AnUnknownOptimizerNamesTheNearest) {
  EXPECT_CONTAINS(test::error_of([] { parse_recipe("[train]\noptimizer = \"muonn\"\n", "r.toml"); }), "muon");
}

TEST(OptimizerGroups, APartsRateWhereTheWholeOneIsZeroIsRefusedBeforeThereIsAModel) {
  const Recipe recipe = parse_recipe("[train]\nlearning_rate = 0.0\n[train.latent]\nlearning_rate = 1.0\n", "r.toml");
  EXPECT_CONTAINS(test::error_of([&] { optimizer_of(recipe); }), "train.latent.learning_rate");
}

// Rounding to the nearest would leave all of them at 1.
TEST(RoundedState, SmallChangesAddUp) {
  const at::Tensor values = at::full({20000}, 1 + 1.0 / 1024, at::kFloat);
  const at::Tensor rounded = rounded_to_bfloat16(values, 7).to(at::kFloat);
  EXPECT_NEAR(rounded.mean().item<double>(), 1 + 1.0 / 1024, 1e-4);
  EXPECT_TRUE(((rounded == 1) | (rounded == 1 + 1.0 / 128)).all().item<bool>());
  EXPECT_TRUE(rounded.equal(rounded_to_bfloat16(values, 7).to(at::kFloat)));
  EXPECT_FALSE(rounded.equal(rounded_to_bfloat16(values, 8).to(at::kFloat)));
}

TEST(WeightAverages, FollowTheWeightsAndAreInTheirPlaceForAWhile) {
  const at::NoGradGuard no_grad;
  WeltModel model = load_model(goldens / "welt" / "bytes-only");
  const ModelParameter& first = model.parameters().front();
  const at::Tensor before = first.tensor.detach().clone();
  WeightAverages averages(model, 0.75);
  first.tensor.add_(1);
  averages.update(1000);  // far from the start: the decay is 0.75
  {
    const WeightAverages::InPlace averaged(averages);
    EXPECT_TRUE(first.tensor.allclose(before + 0.25, 1e-6, 1e-6));
  }
  EXPECT_TRUE(first.tensor.allclose(before + 1, 0, 0));
  const test::TempFolder folder;
  averages.save(folder / "averages.safetensors");
  WeightAverages again(model, 0.75);
  again.load(folder / "averages.safetensors");
  const WeightAverages::InPlace averaged(again);
  EXPECT_TRUE(first.tensor.allclose(before + 0.25, 1e-6, 1e-6));
}

}  // namespace
}  // namespace welt
