// The built plugin `fastvit` through the registry: timm's names, shapes and counts, without memory;
// refusals. Parity with the Python original is tested with every other class in tests/apps (tests/goldens/models).
#include <gtest/gtest.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/parameters.h>

#include <fstream>

#include "core/base/error.h"
#include "core/tensor/tensor_component.h"

namespace {

using nlohmann::json;

welt::TensorComponent make(const json& config, std::uint32_t init = WELT_INIT_NONE) {
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_IMAGE_ENCODER_INTERFACE, "fastvit");
  return {type, WELT_IMAGE_ENCODER_INTERFACE, welt::ConfigView(type, config, false, "test"), init};
}

std::int64_t trained(const std::string& architecture, const json& arguments) {
  std::int64_t sum = 0;
  const welt::TensorComponent component = make({{"architecture", architecture}, {"model_args", arguments}});
  for (const auto& one : component.parameters()) {
    std::int64_t size = one.kind == WELT_PARAMETER ? 1 : 0;
    for (const std::int64_t side : one.shape) size *= side;
    sum += size;
  }
  return sum;
}

std::string refusal(const json& arguments, const std::string& architecture = "fastvit_sa12") {
  try {
    make({{"architecture", architecture}, {"model_args", arguments}});
  } catch (const welt::Error& error) {
    return error.what();
  }
  return {};
}

// The file is timm's own list, of FastViT-HD.
TEST(FastVit, NamesAndShapesAreThoseOfTimm) {
  std::ifstream file(WELT_TEST_DATA "/models/fastvit_mci3_state_dict.tsv");
  std::string line;
  std::getline(file, line);
  const welt::TensorComponent hd = make({{"architecture", "fastvit_mci3"}});
  for (const auto& one : hd.parameters()) {
    std::string shape;
    for (const std::int64_t side : one.shape) shape += (shape.empty() ? "" : "x") + std::to_string(side);
    ASSERT_TRUE(std::getline(file, line)) << one.name;
    EXPECT_EQ(one.name + "\t" + shape, line);
  }
  EXPECT_FALSE(std::getline(file, line)) << line;
}

// Counted in timm 1.0 with num_classes = 0, also with inference_mode.
TEST(FastVit, CountsAreThoseOfTimm) {
  struct Count {
    const char* name;
    std::int64_t branches, merged;
  };
  const Count counts[] = {
      {"fastvit_t8", 3257232, 3227040},       {"fastvit_t12", 6528704, 6483840},
      {"fastvit_s12", 8448576, 8403712},      {"fastvit_sa12", 10555968, 10520320},
      {"fastvit_sa24", 20529216, 20476288},   {"fastvit_sa36", 30502464, 30432256},
      {"fastvit_ma36", 42851004, 42767632},   {"fastvit_mci0", 10882176, 10832704},
      {"fastvit_mci1", 21016832, 20936256},   {"fastvit_mci2", 35159360, 35047120},
      {"fastvit_mci3", 122875584, 122714208}, {"fastvit_mci4", 318638336, 318423168},
  };
  for (const auto& [name, branches, merged] : counts) {
    EXPECT_EQ(trained(name, json::object()), branches) << name;
    EXPECT_EQ(trained(name, {{"inference_mode", true}}), merged) << name;
  }
}

TEST(FastVit, SaysWhatItRefuses) {
  const auto expect = [](const std::string& found, const std::string& part) {
    EXPECT_NE(found.find(part), std::string::npos) << found;
  };
  expect(refusal({}, "resnet50"), "architecture \"resnet50\" is none of the FastViTs");
  expect(refusal({{"norm_layer", "layernorm2d"}}), "model_args has norm_layer that is not served");
  expect(refusal({{"depth", 3}}), "model_args has a key that is not served");
  expect(refusal({{"fork_feat", true}}), "model_args.fork_feat = true is not served");
  expect(refusal({{"layers", {1, 1, 1, 1, 1}}}), "model_args.embed_dims of this architecture has 4 values");
  expect(refusal({{"embed_dims", {8, 8, 8}}}), "model_args.embed_dims has 3 values for the 4 stages");
  expect(refusal({{"embed_dims", {8, 8, 8, 40}}}), "is not a multiple of the width of a head (32)");
  expect(refusal({{"embed_dims", {8, 12, 36, 64}}}), "is not a multiple of that of the stage before (8)");
  expect(refusal({{"token_mixers", {"pool", "pool", "pool", "pool"}}}), "known: attention, repmixer");
  expect(refusal({{"pos_embs", {nullptr, nullptr, nullptr, "cpe"}}}), "model_args.pos_embs");
  expect(refusal({{"repmixer_kernel_size", 4}}), "model_args.repmixer_kernel_size (4) is even");
  expect(refusal({{"down_patch_size", 8}}), "model_args.down_patch_size (8) is even");
  expect(refusal({{"global_pool", ""}}), "model_args.global_pool");
  expect(refusal({{"mlp_ratios", {1, 1, 1, 0}}}), "model_args.mlp_ratios leave no inner width in stage 4");
  expect(refusal({{"cls_ratio", 1.5}}), "model_args.cls_ratio");
}

}  // namespace
