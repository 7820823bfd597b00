// What is special to the built plugin `wave`: refusals, and that a byte keeps its identity where the seed's formula
// loses it. Conformance proves what holds for every encoder; values are compared in tests/apps (tests/goldens/models).
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>

#include <utility>

#include "core/tensor/random.h"
#include "core/tensor/tensor_component.h"
#include "tests/core/base/temp_folder.h"

namespace {

using at::Tensor;
using nlohmann::json;
using welt::test::error_of;

welt::TensorComponent make(const json& changes) {
  json config = {{"hidden_size", 16}, {"num_attention_heads", 4}, {"num_hidden_layers", 0}, {"intermediate_size", 8}};
  config.update(changes);
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_BYTES_ENCODER_INTERFACE, "wave");
  welt::seed_default_generator(1, welt::RandomPurpose::initialise);
  return {type, WELT_BYTES_ENCODER_INTERFACE, welt::ConfigView(type, config, /*strict=*/true, "test"),
          WELT_INIT_RANDOM};
}
const welt::AttentionView full{.kind = WELT_ATTENTION_FULL};

TEST(Wave, RefusalsNameTheirKey) {
  EXPECT_CONTAINS(error_of([] { make({{"num_attention_heads", 3}}); }), "num_attention_heads");
  EXPECT_CONTAINS(error_of([] { make({{"embedding", "lerned"}}); }), "embedding");
  EXPECT_CONTAINS(error_of([] {
                    make({{"max_position_embeddings", 4}}).encode({at::randn({1, 5, 32}), {}}, full);
                  }),
                  "max_position_embeddings");
}

// The magnitude of a wave is that of the tokens that attention would see.
TEST(Wave, DocumentsOfOneRowDoNotMixTheirWaves) {
  for (const char* mixer : {"interference", "modulation"}) {
    welt::TensorComponent component = make({{"mixer", mixer}, {"num_hidden_layers", 1}, {"initializer_range", 0.3}});
    const Tensor row = at::randn({1, 5, 32}), slots = at::arange(5, at::kLong).unsqueeze(0);
    const welt::AttentionView two{.kind = WELT_ATTENTION_FULL, .document_id = slots.ge(3).to(at::kLong)};
    const Tensor both = component.encode({row, {}}, two, slots.remainder(3)).hidden;
    for (const auto& [first, length] : {std::pair{0, 3}, std::pair{3, 2}}) {
      const Tensor alone = component.encode({row.narrow(1, first, length), {}}, full).hidden;
      EXPECT_LT((both.narrow(1, first, length) - alone).abs().max().item<double>(), 1e-5) << mixer << first;
    }
  }
}

// The cosine between what two bytes become at a position, without layers.
double alike(const json& config, double one, double other) {
  welt::TensorComponent component = make(config);
  const std::int64_t width = component.vocabulary().width;
  const auto wave = [&](double value) {
    Tensor table = at::full({1, 3, width}, value);
    if (width > 1) table = table * at::arange(width).sin();  // a row of its own for each byte
    return component.encode({table, {}}, full).hidden[0][2];
  };
  const Tensor a = wave(one), b = wave(other);
  return ((a * b).sum() / (a.norm() * b.norm())).item<double>();
}

TEST(Wave, AByteIsADirectionWhereTheSeedHasALength) {
  EXPECT_GT(std::abs(alike({{"embedding", "fixed"}}, 72, 74)), 0.999);
  EXPECT_LT(std::abs(alike({{"embedding", "learned"}}, 72, 74)), 0.99);
}

}  // namespace
