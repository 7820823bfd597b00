// A trained checkpoint as it lies in the wild: all-MiniLM-L6-v2, a BertModel of transformers 4.8, against the Python
// original (tests/goldens/minilm: ids and outputs, no weights). `scripts/setup.sh --minilm` fetches the weights;
// `make test` finds them, and names their folder in WELT_MINILM.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "core/huggingface/hf_model.h"
#include "tests/apps/run_welt.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

class MinilmParity : public testing::TestWithParam<at::ScalarType> {
 protected:
  const fs::path goldens_ = fs::path(WELT_TEST_DATA) / "minilm";
  const SafetensorsFile file_ = SafetensorsFile::open(goldens_ / "io.safetensors");
  at::Tensor golden(const std::string& name) const { return copied_tensor(file_, *file_.find(name)); }
};

TEST_P(MinilmParity, GivesWhatTheOriginalGives) {
  const char* folder = std::getenv("WELT_MINILM");
  const bool there = folder != nullptr && *folder != '\0';
  if (!there && std::getenv("WELT_REQUIRE_MINILM") != nullptr)
    FAIL() << "WELT_REQUIRE_MINILM is set, and setup has not fetched all-MiniLM-L6-v2";
  if (!there)
    GTEST_SKIP() << "needs the weights of all-MiniLM-L6-v2 (83 MB): scripts/setup.sh --minilm fetches them, then "
                    "`make test`, or WELT_MINILM=<deps>/minilm ctest -R Minilm";
  setenv("WELT_PLUGIN_PATH", WELT_PLUGIN_DIR, 1);
  HfModel model(HfSource::find(folder), WELT_BYTES_ENCODER_INTERFACE, GetParam(), /*requires_grad=*/false);
  EXPECT_TRUE(model.weights().initialized.empty());

  const at::Tensor mask = golden("in/attention_mask").to(at::kBool);
  const HfOutputs out = model.forward({.input_ids = golden("in/input_ids"), .attention_mask = mask});
  const at::Tensor hidden = out.last_hidden_state.masked_fill(mask.logical_not().unsqueeze(2), 0);
  const at::Tensor mean = hidden.sum(1) / mask.sum(1, /*keepdim=*/true);
  const std::map<std::string, at::Tensor> found{{"last_hidden_state", hidden},
                                                {"pooler_output", out.pooler_output},
                                                {"mean_pooled", mean},
                                                {"sentence_embedding", mean / mean.norm(2, 1, /*keepdim=*/true)}};
  const auto meta = nlohmann::json::parse(test::slurp(goldens_ / "meta.json"));
  for (const auto& [name, value] : found) {
    const at::Tensor expected = golden("out/" + name).to(at::kDouble);
    // What is stored was computed in float64 and then rounded to float32.
    const double limit = GetParam() == at::kDouble ? 1e-7 * std::max(1.0, expected.abs().max().item<double>())
                                                   : meta["tolerance"][name].get<double>();
    ASSERT_EQ(value.sizes(), expected.sizes()) << name;
    EXPECT_LE(value.to(at::kDouble).sub(expected).abs().max().item<double>(), limit) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, MinilmParity, testing::Values(at::kFloat, at::kDouble),
                         [](const auto& type) { return std::string(c10::toString(type.param)); });

}  // namespace
}  // namespace welt
