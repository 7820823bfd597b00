// What is special to the built plugin `bert`: relative positions, modes, names, initialisation, refusals. Conformance
// proves what holds for every transformer. Parity with the Python original is tested with every other class in
// tests/apps (tests/goldens/models).
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>

#include "core/base/error.h"
#include "core/tensor/tensor_component.h"

namespace {

using nlohmann::json;

const json tiny = {{"hidden_size", 16},       {"num_hidden_layers", 2},        {"num_attention_heads", 2},
                   {"intermediate_size", 24}, {"max_position_embeddings", 20}, {"vocab_size", 256}};

welt::TensorComponent make(const json& changes, std::uint32_t init = WELT_INIT_RANDOM) {
  json config = tiny;
  if (!changes.is_null()) config.update(changes);
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_BYTES_ENCODER_INTERFACE, "bert");
  return {type, WELT_BYTES_ENCODER_INTERFACE, welt::ConfigView(type, config, true, "test"), init};
}

const welt::AttentionView full{.kind = WELT_ATTENTION_FULL};

TEST(Bert, RelativePositionsInPackedRowsAreThoseOfDenseRows) {
  for (const char* positions : {"relative_key", "relative_key_query"}) {
    welt::TensorComponent bert = make({{"position_embedding_type", positions}});
    const at::Tensor a = at::randn({2, 3, 16}), b = at::randn({1, 7, 16});
    const at::Tensor packed = at::cat({a[0], b[0], a[1]});
    const auto dense_a = bert.encode({a, {}}, full, {}, {}, true), dense_b = bert.encode({b, {}}, full, {}, {}, true);
    const auto out = bert.encode({packed, at::tensor({0, 3, 10, 13}, at::kLong)}, full, {}, {}, true);
    const at::Tensor expected = at::cat({dense_a.hidden[0], dense_b.hidden[0], dense_a.hidden[1]});
    EXPECT_LT((out.hidden - expected).abs().max().item<double>(), 1e-5);
    const at::Tensor pooled = at::cat({dense_a.pooled, dense_b.pooled});
    EXPECT_LT((out.pooled - at::cat({pooled[0], pooled[2], pooled[1]}).view({3, 16})).abs().max().item<double>(), 1e-5);
  }
}

TEST(Bert, DropoutIsOnInTrainingOnly) {
  welt::TensorComponent bert = make({{"hidden_dropout_prob", 0.5}});
  const at::Tensor x = at::randn({2, 5, 16});
  const at::Tensor quiet = bert.encode({x, {}}, full).hidden;
  EXPECT_TRUE(quiet.equal(bert.encode({x, {}}, full).hidden));
  bert.set_training(true);
  EXPECT_FALSE(quiet.equal(bert.encode({x, {}}, full).hidden));
  bert.set_training(false);
  EXPECT_TRUE(quiet.equal(bert.encode({x, {}}, full).hidden));
}

TEST(Bert, NamesAreThoseOfTheClass) {
  EXPECT_EQ(make({}).parameters().back().name, "pooler.dense.bias");
  EXPECT_TRUE(make({}).parameters().back().optional_in_file);
  const welt::TensorComponent mlm = make({{"architectures", {"BertForMaskedLM"}}}, WELT_INIT_NONE);
  EXPECT_EQ(mlm.parameters().front().name, "bert.embeddings.position_embeddings.weight");
  EXPECT_EQ(mlm.parameters().back().name, "cls.predictions.transform.LayerNorm.bias");
  EXPECT_TRUE(mlm.vocabulary().has_head_transform);
}

TEST(Bert, RandomWeightsFollowTheConfig) {
  const welt::TensorComponent bert = make({{"initializer_range", 0.5}, {"hidden_size", 64}});
  const auto tensors = bert.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string& name = bert.parameters()[i].name;
    if (name.ends_with("LayerNorm.weight")) {
      EXPECT_TRUE((tensors[i] == 1).all().item<bool>()) << name;
    } else if (name.ends_with("bias")) {
      EXPECT_TRUE((tensors[i] == 0).all().item<bool>()) << name;
    } else if (tensors[i].numel() > 1000) {
      EXPECT_NEAR(tensors[i].std().item<double>(), 0.5, 0.05) << name;
    }
    EXPECT_EQ(bert.parameters()[i].decay, tensors[i].dim() > 1) << name;
  }
}

TEST(Bert, RefusesWhatItDoesNotServe) {
  EXPECT_THROW(make({{"architectures", {"BertForSequenceClassification"}}}), welt::Error);
  EXPECT_THROW(make({{"num_attention_heads", 3}}), welt::Error);
  EXPECT_THROW(make({{"hidden_act", "gelu_old"}}), welt::Error);
  EXPECT_THROW(make({{"is_decoder", true}}), welt::Error);
  welt::TensorComponent bert = make({});
  EXPECT_THROW(bert.encode({at::randn({1, 21, 16}), {}}, full), welt::Error);
  EXPECT_THROW(bert.encode({at::randn({1, 4, 15}), {}}, full), welt::Error);
  welt::TensorComponent unbound = make({}, WELT_INIT_NONE);
  EXPECT_THROW(unbound.encode({at::randn({1, 4, 16}), {}}, full), welt::Error);
}

}  // namespace
