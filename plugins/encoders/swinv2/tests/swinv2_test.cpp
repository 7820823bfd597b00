// The built plugin `swinv2` through the registry: counts without memory, and refusals. Parity with the Python original
// is tested with every other class in tests/apps (tests/goldens/models).
#include <gtest/gtest.h>
#include <welt/abi/image_encoder.h>

#include "core/base/error.h"
#include "core/tensor/tensor_component.h"

namespace {

using nlohmann::json;

welt::TensorComponent make(const json& config) {
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_IMAGE_ENCODER_INTERFACE, "swinv2");
  return {type, WELT_IMAGE_ENCODER_INTERFACE, welt::ConfigView(type, config, true, "test"), WELT_INIT_NONE};
}

std::string refusal(const json& config) {
  try {
    make(config);
  } catch (const welt::Error& error) {
    return error.what();
  }
  return {};
}

// microsoft/swinv2-tiny-patch4-window16-256, counted in transformers.
TEST(Swinv2, TinyHasAsManyParametersAsTransformers) {
  std::int64_t sum = 0;
  const welt::TensorComponent tiny = make({{"image_size", 256}, {"window_size", 16}});
  for (const auto& one : tiny.parameters()) {
    std::int64_t size = 1;
    for (const std::int64_t side : one.shape) size *= side;
    sum += size;
  }
  EXPECT_EQ(sum, 27578154);
}

TEST(Swinv2, SaysWhatItRefuses) {
  const auto expect = [](const json& config, const std::string& part) {
    const std::string found = refusal(config);
    EXPECT_NE(found.find(part), std::string::npos) << found;
  };
  expect({{"use_absolute_embeddings", true}}, "use_absolute_embeddings = true is not served");
  expect({{"depths", json::array()}}, "depths is empty");
  expect({{"depths", {1, 1, 1, 1, 1}}, {"image_size", 512}}, "num_heads has 4 values; expected one for each of the 5");
  expect({{"pretrained_window_sizes", {0}}}, "pretrained_window_sizes has 1 values");
  expect({{"pretrained_window_sizes", {1, 0, 0, 0}}}, "pretrained_window_sizes has a 1");
  expect({{"num_heads", {3, 5, 12, 24}}}, "embed_dim of stage 2 (192) is not a multiple of num_heads (5)");
  expect({{"image_size", 16}}, "image_size and patch_size give 4 rows of patches, which halve to none before stage 4");
  expect({{"window_size", 0}}, "window_size");
  expect({{"mlp_ratio", 0}}, "mlp_ratio leaves no inner width in stage 1");
  expect({{"embed_dim", 1 << 20}}, "embed_dim (1048576) doubles to more than 1048576");
  expect({{"hidden_act", "step"}}, "hidden_act");
  expect({{"drop_path_rate", 1.0}}, "drop_path_rate");
}

}  // namespace
