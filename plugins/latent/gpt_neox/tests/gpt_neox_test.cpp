// What is special to the built plugin `gpt_neox`: its forms, dtypes, rotary keys, presets, files, refusals. Conformance
// proves what holds for every transformer.
// Parity with the Python original is tested with every other class in tests/apps (tests/goldens/models).
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>

#include <numeric>

#include "core/base/error.h"
#include "core/huggingface/hf_load.h"
#include "core/tensor/autocast.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/temp_folder.h"

namespace {

using nlohmann::json;

const json tiny = {{"hidden_size", 24}, {"num_hidden_layers", 2}, {"num_attention_heads", 3}, {"intermediate_size", 40},
                   {"vocab_size", 256}, {"rotary_pct", 0.5},      {"initializer_range", 0.2}, {"rotary_emb_base", 100}};

// The forms that change the mathematics.
const std::vector<json> forms = {json::object(),
                                 {{"use_parallel_residual", false}, {"attention_bias", false}},
                                 {{"rotary_pct", 0.4}, {"hidden_act", "relu"}},  // 3 of 8: 4 turn
                                 {{"rotary_pct", 0.0}}};

welt::TensorComponent make(const json& changes, std::uint32_t init = WELT_INIT_RANDOM,
                           const char* role = WELT_LATENT_TRANSFORMER_INTERFACE) {
  json config = tiny;
  if (!changes.is_null()) config.update(changes);
  const welt::ComponentType& type = welt::Registry::instance().find(role, "gpt_neox");
  return {type, role, welt::ConfigView(type, config, true, "test"), init};
}

// Another model with the same weights.
welt::TensorComponent twin(const welt::TensorComponent& model, const json& changes) {
  welt::TensorComponent other = make(changes);
  for (std::size_t i = 0; i < model.tensors().size(); ++i) other.bind(i, model.tensors()[i]);
  return other;
}

std::int64_t parameter_count(const welt::TensorComponent& model) {
  std::int64_t total = 0;
  for (const welt::NamedParameter& parameter : model.parameters()) {
    total += std::accumulate(parameter.shape.begin(), parameter.shape.end(), std::int64_t{1}, std::multiplies<>());
  }
  return total;
}

double gap(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

const welt::AttentionView causal{};

TEST(GptNeoX, RowsWithoutTokensAreNoTrouble) {
  welt::TensorComponent model = make({});
  const at::Tensor b = at::randn({2, 24});
  const at::Tensor out = model.forward({b, at::tensor({0, 0, 2, 2}, at::kLong)}, causal);
  EXPECT_LT(gap(out, model.forward({b.unsqueeze(0), {}}, causal)[0]), 1e-6);
  EXPECT_EQ(model.forward({b.narrow(0, 0, 0), at::tensor({0, 0}, at::kLong)}, causal).sizes(),
            (at::IntArrayRef{0, 24}));
}

TEST(GptNeoX, EveryFormGoesOnThroughACache) {
  for (const json& form : forms) {
    welt::TensorComponent model = make(form);
    const at::Tensor x = at::randn({2, 9, 24});
    const at::Tensor full = model.forward({x, {}}, causal);
    welt::Cache cache = model.make_cache(2, 9);
    std::vector<at::Tensor> parts = {model.forward({x.narrow(1, 0, 6), {}}, causal, {}, &cache)};
    for (std::int64_t t = 6; t < 9; ++t) parts.push_back(model.forward({x.narrow(1, t, 1), {}}, causal, {}, &cache));
    EXPECT_LT(gap(at::cat(parts, 1), full), 1e-5) << form;
  }
}

TEST(GptNeoX, GradientReachesEveryParameterInEveryDtype) {
  for (const json& form : forms) {
    for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
      welt::TensorComponent model = make(form);
      model.to(at::kCPU, type);
      const at::Tensor hidden = model.forward({at::randn({2, 5, 24}).to(type), {}}, causal);
      EXPECT_EQ(hidden.scalar_type(), type);
      (hidden * at::randn({24}).to(type)).sum().backward();
      for (const at::Tensor& tensor : model.tensors()) {
        ASSERT_TRUE(tensor.grad().defined());
        EXPECT_TRUE(at::isfinite(tensor.grad()).all().item<bool>());
        EXPECT_TRUE((tensor.grad() != 0).any().item<bool>());
      }
    }
  }
}

TEST(GptNeoX, AutocastIsNearFloat32AndTrains) {
  welt::TensorComponent model = make({});
  const at::Tensor x = at::randn({2, 7, 24});
  const at::Tensor exact = model.forward({x, {}}, causal).detach();
  {
    welt::AutocastRegion region(true, at::kCPU);
    const at::Tensor mixed = model.forward({x, {}}, causal);
    EXPECT_GT(gap(mixed, exact), 0);
    EXPECT_LT((mixed - exact).norm().item<double>(), 0.05 * exact.norm().item<double>());
    const welt::AutocastRegion::Pause pause(region);
    mixed.select(2, 0).sum().backward();
  }
  for (const at::Tensor& tensor : model.tensors()) EXPECT_EQ(tensor.grad().scalar_type(), at::kFloat);
}

TEST(GptNeoX, DropoutsAreOnInTrainingOnly) {
  for (const char* key : {"hidden_dropout", "attention_dropout"}) {
    welt::TensorComponent model = make({{key, 0.5}});
    const at::Tensor x = at::randn({2, 5, 24});
    const at::Tensor quiet = model.forward({x, {}}, causal);
    model.set_training(true);
    EXPECT_FALSE(quiet.equal(model.forward({x, {}}, causal))) << key;
    model.set_training(false);
    EXPECT_TRUE(quiet.equal(model.forward({x, {}}, causal))) << key;
  }
}

// GPTNeoXConfig overwrites rope_theta and partial_rotary_factor with rotary_emb_base and rotary_pct.
TEST(GptNeoX, OnlyTheRotaryKeysThatTransformersReadsCount) {
  const welt::TensorComponent model = make({});
  const at::Tensor x = at::randn({1, 6, 24});
  const auto out = [&](const json& changes) { return twin(model, changes).forward({x, {}}, causal); };
  const at::Tensor plain = out({});
  EXPECT_TRUE(plain.equal(out({{"rope_theta", 7.0}, {"partial_rotary_factor", 1.0}})));
  EXPECT_FALSE(plain.equal(out({{"rotary_emb_base", 7.0}})));
  EXPECT_FALSE(plain.equal(out({{"rotary_pct", 1.0}})));
  EXPECT_TRUE(plain.equal(out({{"head_dim", 16}, {"rotary_pct", 0.25}})));  // 4 of 8 either way
}

// transformers 5 writes one table in place of four keys; it was passed over.
TEST(GptNeoX, RopeParametersAreTheNewerSpellingOfAllRotaryKeys) {
  const welt::TensorComponent model = make({});
  const at::Tensor x = at::randn({1, 6, 24});
  const auto out = [&](const json& changes) { return twin(model, changes).forward({x, {}}, causal); };
  const json scaling = {{"rope_type", "linear"}, {"factor", 2.0}};
  json now = scaling;
  now["rope_theta"] = 100.0, now["partial_rotary_factor"] = 1.0;  // rotary_emb_base is 100
  EXPECT_TRUE(out({{"rotary_pct", 1.0}, {"rope_scaling", scaling}}).equal(out({{"rope_parameters", now}})));
  EXPECT_FALSE(out({}).equal(out({{"rope_parameters", now}})));
  EXPECT_THROW(make({{"rope_parameters", now}, {"rope_scaling", scaling}}), welt::Error);
  now["rope_theta"] = 7.0;
  EXPECT_THROW(make({{"rope_parameters", now}}), welt::Error);
}

// A checkpoint gets the filled configuration: values that nobody gave would stand there beside those that count.
TEST(GptNeoX, KeysThatAreNotReadStayAbsent) {
  const welt::TensorComponent model = make({{"partial_rotary_factor", 0.5}}, WELT_INIT_NONE);
  EXPECT_EQ(model.config()["partial_rotary_factor"], 0.5);
  EXPECT_FALSE(model.config().contains("rope_theta"));
  EXPECT_FALSE(model.config().contains("head_dim"));  // null there stops rope_scaling in transformers
}

// 3 of 8 dimensions: frequencies base^(−2i/3) for two pairs, as transformers rounds up.
TEST(GptNeoX, AnOddRotaryWidthTurnsOneDimensionMore) {
  const welt::TensorComponent model = make({});
  const at::Tensor x = at::randn({1, 6, 24});
  const auto out = [&](double share, double base) {
    return twin(model, {{"rotary_pct", share}, {"rotary_emb_base", base}}).forward({x, {}}, causal);
  };
  // The second pair turns by 8^(−2/3) = 1/4 per position; four dimensions have it with 16^(−2/4) = 1/4.
  EXPECT_LT(gap(out(0.4, 8), out(0.5, 16)), 1e-5);
  EXPECT_GT(gap(out(0.4, 8), out(0.5, 8)), 1e-3);
}

TEST(GptNeoX, TwentyBillionParametersAreDescribedWithoutMemory) {
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_DECODER_INTERFACE, "gpt_neox");
  const welt::TensorComponent model{type, WELT_DECODER_INTERFACE, welt::ConfigView(type, json::object(), true, "test"),
                                    WELT_INIT_NONE};
  const std::int64_t width = 6144;
  EXPECT_EQ(parameter_count(model), 44 * (12 * width * width + 13 * width) + 2 * width);
  EXPECT_EQ(model.parameters().front().name, "gpt_neox.layers.0.input_layernorm.weight");
  EXPECT_EQ(model.parameters().back().name, "gpt_neox.final_layer_norm.bias");
  EXPECT_EQ(model.vocabulary().table_name, "gpt_neox.embed_in.weight");
  EXPECT_EQ(model.vocabulary().head_name, "embed_out.weight");
}

TEST(GptNeoX, NamesOfTheClassWithoutHeadHaveNoPrefix) {
  const welt::TensorComponent model =
      make({{"architectures", {"GPTNeoXModel"}}, {"attention_bias", false}}, WELT_INIT_NONE);
  EXPECT_EQ(model.parameters()[4].name, "layers.0.attention.query_key_value.weight");
  EXPECT_EQ(model.parameters()[5].name, "layers.0.attention.dense.weight");
  EXPECT_EQ(model.vocabulary().table_name, "embed_in.weight");
  EXPECT_EQ(model.vocabulary().head_name, "");
}

// Parameters without token table and head; EleutherAI publishes these numbers for the suite.
TEST(GptNeoX, PresetsHaveTheSizesOfTheirModels) {
  const std::map<std::string, std::int64_t> sizes = {{"nano", 396'800},
                                                     {"pythia-14m", 1'189'888},
                                                     {"pythia-31m", 4'739'072},
                                                     {"pythia-70m", 18'915'328},
                                                     {"pythia-160m", 85'056'000}};
  welt::Registry& registry = welt::Registry::instance();
  const welt::ComponentType& type = registry.find(WELT_LATENT_TRANSFORMER_INTERFACE, "gpt_neox");
  EXPECT_EQ(welt::Registry::preset_names(*type.plugin).size(), sizes.size());
  for (const auto& [name, size] : sizes) {
    const welt::TensorComponent model{type, WELT_LATENT_TRANSFORMER_INTERFACE,
                                      welt::ConfigView(type, registry.preset(type, name), false, name), WELT_INIT_NONE};
    EXPECT_EQ(parameter_count(model), size) << name;
  }
}

TEST(GptNeoX, OldBuffersInAFileAreUnused) {
  const welt::test::TempFolder folder;
  const welt::TensorComponent model = make({});
  std::vector<welt::NamedTensor> tensors;
  for (std::size_t i = 0; i < model.tensors().size(); ++i) {
    tensors.emplace_back(model.parameters()[i].name, model.tensors()[i].detach());
  }
  const std::vector<std::string> old = {"gpt_neox.layers.0.attention.bias", "gpt_neox.layers.0.attention.masked_bias",
                                        "gpt_neox.layers.0.attention.rotary_emb.inv_freq"};
  for (const std::string& name : old) tensors.emplace_back(name, at::ones({2}));
  welt::save_tensors(folder / "model.safetensors", tensors);
  welt::TensorComponent loaded = make({}, WELT_INIT_NONE);
  const auto weights = load_weights(loaded, welt::HfWeights::open(folder.path()), {.whole_vocabulary = false});
  EXPECT_EQ(weights.unused, old);
  const at::Tensor x = at::randn({1, 4, 24});
  EXPECT_TRUE(loaded.forward({x, {}}, causal).equal(twin(model, {}).forward({x, {}}, causal)));
}

TEST(GptNeoX, RefusesWhatItDoesNotServe) {
  EXPECT_THROW(make({{"num_attention_heads", 5}}), welt::Error);
  EXPECT_THROW(make({{"architectures", {"GPTNeoXForSequenceClassification"}}}), welt::Error);
  EXPECT_THROW(make({{"rotary_pct", 1.25}}), welt::Error);
  EXPECT_THROW(make({{"rotary_pct", -0.5}}), welt::Error);
  EXPECT_THROW(make({{"head_dim", 32}}), welt::Error);
  EXPECT_THROW(make({{"rope_scaling", {{"rope_type", "su"}, {"factor", 2.0}}}}), welt::Error);
  EXPECT_THROW(make({{"rope_scaling", {{"rope_type", "linear"}}}}), welt::Error);
  EXPECT_THROW(make({{"rotary_pct", 0.25}, {"rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2.0}}}}),
               welt::Error);  // two dimensions
  EXPECT_THROW(make({{"rotary_pct", 0.4}, {"rope_scaling", {{"rope_type", "yarn"}, {"factor", 2.0}}}}), welt::Error);
  EXPECT_THROW(make({{"hidden_act", "gelu_old"}}), welt::Error);
  EXPECT_THROW(make({{"n_embd", 24}}), welt::Error);
}

TEST(GptNeoX, ServesAllThreeRoles) {
  const at::Tensor x = at::randn({1, 4, 24});
  const welt::TensorComponent model = make({});
  const at::Tensor expected = twin(model, {}).forward({x, {}}, causal);
  for (const char* role : {WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE}) {
    welt::TensorComponent other = make({}, WELT_INIT_NONE, role);
    for (std::size_t i = 0; i < model.tensors().size(); ++i) other.bind(i, model.tensors()[i]);
    const bool encoder = std::string_view(role) == WELT_BYTES_ENCODER_INTERFACE;
    EXPECT_TRUE(expected.equal(encoder ? other.encode({x, {}}, causal).hidden : other.forward({x, {}}, causal)));
  }
}

}  // namespace
