// Distilled tables beside those of model2vec 0.10 (tests/goldens/distill/make_distill.py).
#include "core/train/distill.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/similarity/embedding_files.h"
#include "core/train/principal_components.h"
#include "core/train/recipe_keys.h"
#include "tests/core/base/temp_folder.h"
#include "tests/core/train/distill_goldens.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::tensor_of;

const fs::path& goldens = test::distill_goldens;

class Distill : public testing::Test {
 protected:
  Recipe recipe(const std::string& teacher, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"run_dir=\"" + folder.path().string() + "\"", "name=made", "distill.dtype=float32"});
    return parse_recipe("task = \"distill\"\n[distill]\nfrom = \"" + (goldens / teacher).string() + "\"\n", "test.toml",
                        more);
  }
  at::Tensor made(const std::string& teacher, const std::vector<std::string>& more) const {
    fs::remove_all(folder / "made");
    distill_task(recipe(teacher, more), {});
    return tensor_of(folder / "made/model.safetensors", "embeddings");
  }
  test::TempFolder folder;
};
using DistillParity = Distill;

// Both are float32: the teacher's last bits differ, and components multiply them by a few.
constexpr double vector_tolerance = 5e-6, component_tolerance = 1e-5;

TEST_F(DistillParity, VectorsArePooledAsModel2VecPoolsThem) {
  for (const char* teacher : {"bert", "llama"}) {
    for (const std::string pooling : {"mean", "first", "last", "pooler"}) {
      if (pooling == "pooler" && teacher == std::string("llama")) continue;
      const at::Tensor expected =
          tensor_of(goldens / teacher / "expected.safetensors", pooling == "mean" ? "plain" : pooling);
      const at::Tensor seen = made(teacher, {"distill.dim=0", "distill.sif=0.0", "distill.pooling=" + pooling});
      ASSERT_EQ(seen.sizes(), expected.sizes());
      EXPECT_LT((seen - expected).abs().max().item<double>(), vector_tolerance) << teacher << " " << pooling;
    }
  }
}

TEST_F(DistillParity, ComponentsAndWeightsAreThoseOfModel2Vec) {
  for (const char* teacher : {"bert", "llama"}) {
    const at::Tensor expected = tensor_of(goldens / teacher / "expected.safetensors", "embeddings");
    const at::Tensor seen = made(teacher, {"distill.dim=6"});
    ASSERT_EQ(seen.sizes(), expected.sizes());
    EXPECT_LT((seen - expected).abs().max().item<double>(), component_tolerance) << teacher;
  }
}

TEST_F(Distill, WhatIsWrittenIsAnEmbeddingForTexts) {
  made("bert", {"distill.dim=6", "distill.dtype=float16", "distill.batch=5"});
  const auto embedding = similarity::StaticEmbedding::load(similarity::find_embedding((folder / "made").string()));
  EXPECT_EQ(embedding.dim(), 6u);
  EXPECT_TRUE(embedding.normalizes());
  EXPECT_EQ(embedding.tokenize("The cats sat").size(), 4u);
  EXPECT_GT(std::abs(embedding.embed("the cat").front()), 0);
}

TEST_F(Distill, RefusalsNameTheKey) {
  const auto refusal = [&](const std::vector<std::string>& more) {
    return error_of([&] { distill_task(recipe("bert", more), {}); });
  };
  EXPECT_CONTAINS(refusal({"distill.from=\"\""}), "distill.from");
  EXPECT_CONTAINS(refusal({"distill.tokenizer=/nowhere"}), "/nowhere");
  EXPECT_CONTAINS(refusal({"distill.remove=\"[a\""}), "[a");
  EXPECT_CONTAINS(error_of([&] { distill_task(recipe("bert"), {.resume = true}); }), "--resume");
  EXPECT_CONTAINS(error_of([&] { distill_task(recipe("bert"), {.profile = 2}); }), "--profile");
  EXPECT_CONTAINS(error_of([&] { distill_task(recipe("llama", {"distill.pooling=pooler"}), {}); }), "pooler");
  made("bert", {});
  EXPECT_CONTAINS(refusal({}), "already");
  EXPECT_CONTAINS(error_of([&] { check_distill(recipe("bert")); }), "already");
}

TEST(PrincipalComponents, AreUncorrelatedAndInOrder) {
  const at::Tensor rows = at::randn({500, 5}) * at::randn({5}) + 3;
  double explained = 0;
  const at::Tensor scores = principal_components(rows, 5, &explained).to(at::kDouble);
  const at::Tensor covariance = scores.t().matmul(scores) / 499, variance = covariance.diagonal();
  EXPECT_NEAR(explained, 1, 1e-9);
  EXPECT_LT((covariance - variance.diag()).abs().max().item<double>(), 1e-4);
  EXPECT_TRUE(variance.slice(0, 0, 4).ge(variance.slice(0, 1)).all().item<bool>());
  EXPECT_TRUE(scores.amax(0).ge(scores.amin(0).neg()).all().item<bool>());
}

}  // namespace
}  // namespace welt
