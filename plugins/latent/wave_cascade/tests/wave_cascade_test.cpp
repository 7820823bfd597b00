// What is special to the built plugin `wave_cascade`: that a decoder of ternary nodes keeps what every causal model
// must (conformance takes the preset of transformer nodes), and refusals. Values are compared in tests/apps.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <welt/abi/decoder.h>

#include "core/tensor/random.h"
#include "core/tensor/tensor_component.h"
#include "tests/core/base/temp_folder.h"

namespace {

using at::Tensor;
using nlohmann::json;
using welt::test::error_of;

welt::TensorComponent make(const json& changes) {
  json config = {{"num_nodes", 3}, {"num_hidden_layers", 1}, {"hidden_size", 16}, {"num_attention_heads", 4}};
  config.update(changes);
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_DECODER_INTERFACE, "wave_cascade");
  welt::seed_default_generator(1, welt::RandomPurpose::initialise);
  return {type, WELT_DECODER_INTERFACE, welt::ConfigView(type, config, /*strict=*/true, "test"), WELT_INIT_RANDOM};
}
const welt::AttentionView causal{};

TEST(WaveCascade, StepsThroughKeysAndStatesAreOneCall) {
  for (const char* node : {"transformer", "matmul_free"}) {
    welt::TensorComponent component = make({{"node", node}, {"initializer_range", 0.3}});
    component.to(at::kCPU, at::kDouble);  // no rounding lies on a border then
    const Tensor x = at::randn({2, 7, 16}, at::kDouble), whole = component.forward({x, {}}, causal);
    welt::Cache cache = component.make_cache(2, 7);
    std::vector<Tensor> parts{component.forward({x.narrow(1, 0, 4), {}}, causal, {}, &cache)};
    for (std::int64_t t = 4; t < 7; ++t)
      parts.push_back(component.forward({x.narrow(1, t, 1), {}}, causal, {}, &cache));
    EXPECT_LT((at::cat(parts, 1) - whole).abs().max().item<double>(), 1e-9) << node;
    Tensor later = x.clone();
    later.select(1, 6).add_(1);
    EXPECT_TRUE(component.forward({later, {}}, causal).narrow(1, 0, 6).allclose(whole.narrow(1, 0, 6))) << node;
  }
}

TEST(WaveCascade, RefusalsNameTheirKey) {
  EXPECT_CONTAINS(error_of([] { make({{"num_nodes", 0}}); }), "num_nodes");
  EXPECT_CONTAINS(error_of([] { make({{"num_nodes", 10000}, {"num_hidden_layers", 1000}}); }), "num_hidden_layers");
  EXPECT_CONTAINS(error_of([] { make({{"num_attention_heads", 5}}); }), "num_attention_heads");
  EXPECT_CONTAINS(error_of([] {
                    make({{"node", "matmul_free"}, {"reference_compatible", true}});
                  }),
                  "reference_compatible");
  EXPECT_CONTAINS(error_of([] {
                    make({{"max_position_embeddings", 4}}).forward({at::randn({1, 5, 16}), {}}, causal);
                  }),
                  "max_position_embeddings");
}

}  // namespace
