// What is special to the built plugin `gpt2`: its forms, mask, dtypes, names, presets, files, refusals. Conformance
// proves what holds for every transformer. Parity with the Python original is tested with every other class in
// tests/apps (tests/goldens/models).
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
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
using welt::test::error_of;

const json tiny = {{"n_embd", 24},
                   {"n_layer", 2},
                   {"n_head", 3},
                   {"n_inner", 40},
                   {"vocab_size", 256},
                   {"n_positions", 80},
                   {"initializer_range", 0.2}};

// The forms that change the mathematics.
const std::vector<json> forms = {json::object(),
                                 {{"scale_attn_by_inverse_layer_idx", true}, {"n_inner", nullptr}},
                                 {{"scale_attn_weights", false}, {"reorder_and_upcast_attn", true}}};

welt::TensorComponent make(const json& changes, std::uint32_t init = WELT_INIT_RANDOM,
                           const char* role = WELT_DECODER_INTERFACE) {
  json config = tiny;
  if (!changes.is_null()) config.update(changes);
  const welt::ComponentType& type = welt::Registry::instance().find(role, "gpt2");
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

TEST(Gpt2, RowsWithoutTokensAreNoTrouble) {
  welt::TensorComponent model = make({});
  const at::Tensor b = at::randn({2, 24});
  const at::Tensor out = model.forward({b, at::tensor({0, 0, 2, 2}, at::kLong)}, causal);
  EXPECT_LT(gap(out, model.forward({b.unsqueeze(0), {}}, causal)[0]), 1e-6);
  EXPECT_EQ(model.forward({b.narrow(0, 0, 0), at::tensor({0, 0}, at::kLong)}, causal).sizes(),
            (at::IntArrayRef{0, 24}));
}

// transformers' eager attention would put GPT-2's own triangle over it.
TEST(Gpt2, ADenseMaskIsTheWholeMask) {
  welt::TensorComponent model = make({});
  at::Tensor x = at::randn({1, 5, 24}).requires_grad_(true);
  const welt::AttentionView all{.dense = at::ones({1, 1, 5, 5}, at::kBool)};
  model.forward({x, {}}, all).narrow(1, 0, 1).select(2, 0).sum().backward();
  EXPECT_TRUE((x.grad().abs().sum(2) > 0).all().item<bool>());
}

TEST(Gpt2, PositionsChooseRowsOfTheirTable) {
  welt::TensorComponent model = make({});
  const at::Tensor x = at::randn({1, 3, 24});
  const at::Tensor places = at::tensor({7, 0, 79}, at::kLong);
  const at::Tensor moved = model.forward({x, {}}, causal, places.unsqueeze(0));
  const at::Tensor table = model.tensors().front();
  ASSERT_EQ(model.parameters().front().name, "transformer.wpe.weight");
  const at::Tensor shifted = x + table.index_select(0, places) - table.narrow(0, 0, 3);
  EXPECT_LT(gap(moved, model.forward({shifted, {}}, causal)), 1e-5);
}

TEST(Gpt2, GradientReachesEveryParameterInEveryDtype) {
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

TEST(Gpt2, AutocastIsNearFloat32AndTrains) {
  for (const json& form : forms) {
    welt::TensorComponent model = make(form);
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
}

TEST(Gpt2, DropoutsAreOnInTrainingOnly) {
  const json none = {{"embd_pdrop", 0.0}, {"attn_pdrop", 0.0}, {"resid_pdrop", 0.0}};
  for (const char* key : {"embd_pdrop", "attn_pdrop", "resid_pdrop", ""}) {
    json config = none;
    if (*key != '\0') config[key] = 0.5;
    welt::TensorComponent model = make(config);
    const at::Tensor x = at::randn({2, 5, 24});
    const at::Tensor quiet = model.forward({x, {}}, causal);
    model.set_training(true);
    EXPECT_EQ(quiet.equal(model.forward({x, {}}, causal)), *key == '\0') << key;
    model.set_training(false);
    EXPECT_TRUE(quiet.equal(model.forward({x, {}}, causal))) << key;
  }
}

TEST(Gpt2, GeneralSpellingsOfSizesCountWhereBothAreGiven) {
  const welt::TensorComponent model = make({{"hidden_size", 12},
                                            {"num_hidden_layers", 1},
                                            {"num_attention_heads", 4},
                                            {"max_position_embeddings", 9},
                                            {"n_inner", nullptr}},
                                           WELT_INIT_NONE);
  EXPECT_EQ(model.width(), 12);
  EXPECT_EQ(model.max_positions(), 9);
  EXPECT_EQ(parameter_count(model), 9 * 12 + (12 * 12 * 12 + 13 * 12) + 2 * 12);
}

// A checkpoint gets the filled configuration, and null under a general spelling would undo the size in transformers.
TEST(Gpt2, SpellingsThatWereNotGivenStayAbsent) {
  const welt::TensorComponent model = make({{"hidden_size", 12}}, WELT_INIT_NONE);
  EXPECT_EQ(model.config()["hidden_size"], 12);
  for (const char* key : {"num_hidden_layers", "num_attention_heads", "max_position_embeddings", "pruned_heads"}) {
    EXPECT_FALSE(model.config().contains(key)) << key;
  }
  EXPECT_THROW(make({{"hidden_size", nullptr}}), welt::Error);
}

// GPT2PreTrainedModel: c_proj starts at initializer_range / √(2 · blocks).
TEST(Gpt2, RandomWeightsFollowTheConfig) {
  const welt::TensorComponent model = make({{"initializer_range", 0.5}, {"n_embd", 96}, {"n_layer", 8}});
  const auto tensors = model.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string& name = model.parameters()[i].name;
    EXPECT_EQ(model.parameters()[i].decay, tensors[i].dim() > 1) << name;
    if (name.ends_with("bias")) {
      EXPECT_TRUE((tensors[i] == 0).all().item<bool>()) << name;
    } else if (tensors[i].dim() == 1) {
      EXPECT_TRUE((tensors[i] == 1).all().item<bool>()) << name;
    } else {
      const double expected = name.ends_with("c_proj.weight") ? 0.125 : 0.5;
      EXPECT_NEAR(tensors[i].std().item<double>(), expected, 0.06 * expected) << name;
    }
  }
}

TEST(Gpt2, NamesAndShapesAreThoseOfTheClass) {
  const welt::TensorComponent model = make({{"architectures", {"GPT2Model"}}}, WELT_INIT_NONE);
  const auto& parameters = model.parameters();
  EXPECT_EQ(parameters.front().name, "wpe.weight");
  EXPECT_EQ(parameters[3].name, "h.0.attn.c_attn.weight");
  EXPECT_EQ(parameters[3].shape, (std::vector<std::int64_t>{24, 72}));  // [in, out]
  EXPECT_EQ(parameters[9].name, "h.0.mlp.c_fc.weight");
  EXPECT_EQ(parameters[9].shape, (std::vector<std::int64_t>{24, 40}));
  EXPECT_EQ(parameters.back().name, "ln_f.bias");
  EXPECT_EQ(model.vocabulary().table_name, "wte.weight");
  EXPECT_EQ(model.vocabulary().head_name, "");
  EXPECT_EQ(make({}, WELT_INIT_NONE).vocabulary().head_name, "lm_head.weight");
  EXPECT_TRUE(make({}, WELT_INIT_NONE).vocabulary().tied);
}

// Parameters without token table and head, positions included; 124.4 M and 354.8 M with the table.
TEST(Gpt2, PresetsHaveTheSizesOfTheirModels) {
  const std::map<std::string, std::int64_t> sizes = {
      {"nano", 462'336}, {"gpt2", 124'439'808 - 50257 * 768}, {"gpt2-medium", 303'360'000}};
  welt::Registry& registry = welt::Registry::instance();
  const welt::ComponentType& type = registry.find(WELT_DECODER_INTERFACE, "gpt2");
  EXPECT_EQ(welt::Registry::preset_names(*type.plugin).size(), sizes.size());
  for (const auto& [name, size] : sizes) {
    const welt::TensorComponent model{type, WELT_DECODER_INTERFACE,
                                      welt::ConfigView(type, registry.preset(type, name), false, name), WELT_INIT_NONE};
    EXPECT_EQ(parameter_count(model), size) << name;
  }
}

// The hub's file of gpt2: names without "transformer.", and the buffers of older versions.
TEST(Gpt2, AFileWithoutPrefixAndWithOldBuffersLoads) {
  const welt::test::TempFolder folder;
  const welt::TensorComponent model = make({});
  std::vector<welt::NamedTensor> tensors;
  for (std::size_t i = 0; i < model.tensors().size(); ++i) {
    tensors.emplace_back(model.parameters()[i].name.substr(std::string("transformer.").size()),
                         model.tensors()[i].detach());
  }
  tensors.emplace_back("wte.weight", at::zeros({256, 24}));
  const std::vector<std::string> old = {"h.0.attn.bias", "h.0.attn.masked_bias"};
  for (const std::string& name : old) tensors.emplace_back(name, at::ones({2}));
  welt::save_tensors(folder / "model.safetensors", tensors);
  welt::TensorComponent loaded = make({}, WELT_INIT_NONE);
  const welt::LoadedWeights weights = load_weights(loaded, welt::HfWeights::open(folder.path()));
  EXPECT_EQ(weights.unused, old);
  EXPECT_TRUE(weights.head.is_same(weights.table));
  const at::Tensor x = at::randn({1, 4, 24});
  EXPECT_TRUE(loaded.forward({x, {}}, causal).equal(twin(model, {}).forward({x, {}}, causal)));
}

TEST(Gpt2, RefusesWhatItDoesNotServe) {
  EXPECT_THROW(make({{"n_head", 5}}), welt::Error);
  EXPECT_THROW(make({{"architectures", {"GPT2DoubleHeadsModel"}}}), welt::Error);
  EXPECT_THROW(make({{"activation_function", "gelu_old"}}), welt::Error);
  EXPECT_NE(error_of([] { make({{"add_cross_attention", true}}); }).find("add_cross_attention"), std::string::npos);
  EXPECT_NE(error_of([] { make({{"pruned_heads", {{"0", {1}}}}}); }).find("pruned_heads"), std::string::npos);
  EXPECT_NO_THROW(make({{"pruned_heads", json::object()}}));
  welt::TensorComponent model = make({});
  EXPECT_THROW(model.forward({at::randn({1, 81, 24}), {}}, causal), welt::Error);
  welt::TensorComponent encoder = make({}, WELT_INIT_RANDOM, WELT_BYTES_ENCODER_INTERFACE);
  const at::Tensor types = at::zeros({1, 2}, at::kLong);
  EXPECT_THROW(encoder.encode({at::randn({1, 2, 24}), {}}, causal, {}, types), welt::Error);
  EXPECT_NO_THROW(encoder.encode({at::randn({1, 2, 24}), {}}, causal));
}

}  // namespace
