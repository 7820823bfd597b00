// What is special to the built plugin `llama`: rotary scaling, dtypes, sizes without memory, refusals. Conformance
// proves what holds for every transformer. Parity with the Python original is tested with every other class in
// tests/apps (tests/goldens/models).
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>

#include "core/base/error.h"
#include "core/tensor/random.h"
#include "core/tensor/tensor_component.h"

namespace {

using nlohmann::json;

const json tiny = {{"hidden_size", 16},        {"num_hidden_layers", 2},  {"num_attention_heads", 4},
                   {"num_key_value_heads", 2}, {"intermediate_size", 24}, {"vocab_size", 256},
                   {"initializer_range", 0.2}};

// `strict`: as a recipe's keys are read; else as those of a config.json.
welt::TensorComponent make(const json& changes, std::uint32_t init = WELT_INIT_RANDOM, bool strict = true) {
  json config = tiny;
  if (!changes.is_null()) config.update(changes);
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_DECODER_INTERFACE, "llama");
  return {type, WELT_DECODER_INTERFACE, welt::ConfigView(type, config, strict, "test"), init};
}

const welt::AttentionView causal{};

TEST(Llama, ScaledRotaryPositionsGoOnThroughACache) {
  welt::TensorComponent llama = make({{"rope_scaling", {{"rope_type", "linear"}, {"factor", 2.0}}}});
  const at::Tensor x = at::randn({2, 9, 16});
  const at::Tensor full = llama.forward({x, {}}, causal);
  welt::Cache cache = llama.make_cache(2, 9);
  std::vector<at::Tensor> parts = {llama.forward({x.narrow(1, 0, 6), {}}, causal, {}, &cache)};
  for (std::int64_t t = 6; t < 9; ++t) parts.push_back(llama.forward({x.narrow(1, t, 1), {}}, causal, {}, &cache));
  EXPECT_LT((at::cat(parts, 1) - full).abs().max().item<double>(), 1e-5);
}

// transformers 5 writes rope_parameters; they were passed over, and the positions turned with the defaults.
TEST(Llama, BothSpellingsOfRotaryPositionsAreReadAndNeverTwoAtOnce) {
  const json scaling = {{"rope_type", "linear"}, {"factor", 2.0}};
  json parameters = scaling;
  parameters["rope_theta"] = 500000.0;
  const at::Tensor x = at::randn({1, 9, 16});
  const auto output = [&](const json& changes) {
    welt::seed_default_generator(3, welt::RandomPurpose::initialise);
    return make(changes).forward({x, {}}, causal);
  };
  const at::Tensor old = output({{"rope_theta", 500000.0}, {"rope_scaling", scaling}});
  EXPECT_TRUE(old.equal(output({{"rope_parameters", parameters}})));
  EXPECT_FALSE(old.equal(output(json::object())));
  EXPECT_TRUE(output(json::object()).equal(output({{"rope_parameters", nullptr}})));
  EXPECT_THROW(make({{"rope_parameters", parameters}, {"rope_scaling", scaling}}), welt::Error);
  EXPECT_THROW(make({{"rope_parameters", parameters}, {"rope_theta", 1234.0}}), welt::Error);
  EXPECT_THROW(make({{"rope_parameters", {{"full_attention", parameters}}}}), welt::Error);
}

// The original length was only looked for beside the table: the factors for long rows were never used.
TEST(Llama, ALongropeThatIsWrittenInTheTableIsThatOfTheKeysBesideIt) {
  const json factors = {{"rope_type", "longrope"}, {"short_factor", {1.0, 1.5}}, {"long_factor", {2.0, 4.0}}};
  json parameters = factors;
  parameters["original_max_position_embeddings"] = 4;
  const at::Tensor x = at::randn({1, 9, 16});
  const auto output = [&](json changes) {
    changes["max_position_embeddings"] = 16;
    welt::seed_default_generator(3, welt::RandomPurpose::initialise);
    return make(changes, WELT_INIT_RANDOM, /*strict=*/false).forward({x, {}}, causal);
  };
  const at::Tensor beside = output({{"rope_scaling", factors}, {"original_max_position_embeddings", 4}});
  EXPECT_TRUE(beside.equal(output({{"rope_parameters", parameters}})));
  parameters["factor"] = 2.0;  // counts where it is given
  EXPECT_FALSE(beside.equal(output({{"rope_parameters", parameters}})));
}

TEST(Llama, GradientReachesEveryParameterInEveryDtype) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    welt::TensorComponent llama = make({{"attention_bias", true}, {"mlp_bias", true}});
    llama.to(at::kCPU, type);
    const at::Tensor hidden = llama.forward({at::randn({2, 5, 16}).to(type), {}}, causal);
    EXPECT_EQ(hidden.scalar_type(), type);
    (hidden * at::randn({16}).to(type)).sum().backward();
    for (const at::Tensor& tensor : llama.tensors()) {
      ASSERT_TRUE(tensor.grad().defined());
      EXPECT_TRUE(at::isfinite(tensor.grad()).all().item<bool>());
    }
  }
}

TEST(Llama, SeventyBillionParametersAreDescribedWithoutMemory) {
  const welt::TensorComponent llama = make({{"hidden_size", 8192},
                                            {"intermediate_size", 28672},
                                            {"num_hidden_layers", 80},
                                            {"num_attention_heads", 64},
                                            {"num_key_value_heads", 8}},
                                           WELT_INIT_NONE);
  std::int64_t total = 0;
  for (const welt::NamedParameter& parameter : llama.parameters()) {
    std::int64_t size = 1;
    for (const std::int64_t side : parameter.shape) size *= side;
    total += size;
  }
  EXPECT_GT(total, 65'000'000'000);
  EXPECT_EQ(llama.parameters().front().name, "model.layers.0.self_attn.q_proj.weight");
  EXPECT_EQ(llama.parameters().back().name, "model.norm.weight");
}

TEST(Llama, RefusesWhatItDoesNotServe) {
  EXPECT_THROW(make({{"num_key_value_heads", 3}}), welt::Error);
  EXPECT_THROW(make({{"architectures", {"LlamaForSequenceClassification"}}}), welt::Error);
  EXPECT_THROW(make({{"rope_scaling", {{"rope_type", "su"}, {"factor", 2.0}}}}), welt::Error);
  EXPECT_THROW(make({{"rope_scaling", {{"rope_type", "linear"}}}}), welt::Error);
  EXPECT_THROW(make({{"head_dim", 5}}), welt::Error);
}

}  // namespace
