// core/model/forward_cases and hf_model: what they refuse, on real plugins and the golden models.
#include "core/parity/forward_cases.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/latent_transformer.h>

#include <cmath>
#include <functional>
#include <map>

#include "core/base/file.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::TempFolder;

const fs::path goldens = fs::path(WELT_TEST_DATA) / "models";

at::Tensor ids(std::int64_t batch, std::int64_t length, std::int64_t value = 1) {
  return at::full({batch, length}, value, at::kLong);
}

// What a model of this folder says to the cases.
class Refusals {
 public:
  Refusals(const char* folder, std::string_view role)
      : model_(HfSource::find((goldens / folder).string()), role, at::kFloat, true) {}
  std::string operator()(const std::vector<NamedTensor>& cases) {
    save_tensors(folder_ / "io.safetensors", cases);
    const SafetensorsFile file = SafetensorsFile::open(folder_ / "io.safetensors");
    const std::string message = error_of([&] { run_cases(model_, file, {.gradients = true}); });
    EXPECT_CONTAINS(message, file.path().string());
    return message;
  }

 private:
  TempFolder folder_;
  HfModel model_;
};

TEST(ForwardCases, BadInputsNameFileCaseAndInput) {
  Refusals refusal("bert-pooler", WELT_BYTES_ENCODER_INTERFACE);
  const NamedTensor good{"a/in/input_ids", ids(1, 3)};
  EXPECT_CONTAINS(refusal({{"a/in/input_ids", ids(1, 3, 64)}}),
                  "case \"a\": input input_ids: the value 64; expected 0 to 63");
  EXPECT_CONTAINS(refusal({{"a/in/input_ids", ids(1, 3, -1)}}), "the value -1");
  EXPECT_CONTAINS(refusal({{"a/in/input_ids", at::ones({1, 3})}}), "whole numbers");
  EXPECT_CONTAINS(refusal({{"a/in/input_ids", ids(3, 0)}}), "not empty");
  EXPECT_CONTAINS(refusal({{"a/in/attention_mask", ids(1, 3)}}), "neither input_ids nor inputs_embeds");
  EXPECT_CONTAINS(refusal({good, {"a/in/inputs_embeds", at::ones({1, 3, 32})}}), "both");
  EXPECT_CONTAINS(refusal({{"a/in/inputs_embeds", at::ones({1, 3, 31})}}), "[1, 3, 31]; expected [1, 3, 32]");
  EXPECT_CONTAINS(refusal({{"a/in/inputs_embeds", ids(1, 3)}}), "floating-point");
  EXPECT_CONTAINS(refusal({good, {"a/in/attention_mask", ids(1, 4)}}), "attention_mask: [1, 4]; expected [1, 3]");
  EXPECT_CONTAINS(refusal({good, {"a/in/attention_mask_4d", ids(1, 3)}}), "[1, 1, 3, 3]");
  EXPECT_CONTAINS(refusal({good, {"a/in/position_ids", ids(1, 3, 40)}}), "position 40 was asked for");
  EXPECT_CONTAINS(refusal({good, {"a/in/position_ids", ids(1, 3, -2)}}), "the value -2");
  EXPECT_CONTAINS(refusal({good, {"a/in/token_type_ids", ids(1, 3, 2)}}), "token type 2 was given; the model has 2");
  EXPECT_CONTAINS(refusal({{"a/in/input_ids", ids(1, 41)}}), "position 40 was asked for; the model has 40");
  EXPECT_CONTAINS(refusal({good, {"a/valid", at::ones({1, 4}, at::kBool)}}), "valid: [1, 4]; expected [1, 3]");
  EXPECT_CONTAINS(refusal({{"a/in/pixel_values", at::ones({1, 3, 8, 8})}}), "pixel_values");
  EXPECT_CONTAINS(refusal({good, {"a/w/logits", at::ones({1, 3, 64})}}), "no such output");
  EXPECT_CONTAINS(refusal({good, {"a/w/pooler_output", at::ones({1, 3})}}),
                  "w/pooler_output: [1, 3]; expected [1, 32]");
  EXPECT_CONTAINS(refusal({{"input_ids", ids(1, 3)}}), "none of them the input of a case");
  EXPECT_CONTAINS(refusal({good, {"a/in/prompt_lengths", ids(1, 1).flatten()}}), "welt.kv_cache/1");
}

TEST(ForwardCases, BadPromptLengths) {
  Refusals refusal("llama-gqa", WELT_LATENT_TRANSFORMER_INTERFACE);
  const auto message = [&](const at::Tensor& lengths) {
    return refusal({{"a/in/input_ids", ids(2, 5)}, {"a/in/prompt_lengths", lengths}});
  };
  EXPECT_CONTAINS(message(at::full({2}, 6, at::kLong)), "expected [2] values from 1 to 5");
  EXPECT_CONTAINS(message(at::full({2}, 0, at::kLong)), "from 0 to 0");
  EXPECT_CONTAINS(message(at::full({3}, 2, at::kLong)), "[3]");
  EXPECT_CONTAINS(message(at::full({0}, 2, at::kLong)), "[0]");
  EXPECT_CONTAINS(message(at::full({2}, 2.0)), "whole numbers");
  EXPECT_CONTAINS(refusal({{"a/in/prompt_lengths", ids(1, 1).flatten()}}), "no input_ids");
  EXPECT_CONTAINS(refusal({{"a/in/input_ids", ids(1, 3)}, {"a/in/token_type_ids", ids(1, 3)}}), "bytes encoder");
}

TEST(ForwardCases, BadImagesNameFileCaseAndInput) {
  HfImageModel vit(HfSource::find((goldens / "vit-a").string()), at::kFloat, true);
  HfImageModel classifier(HfSource::find((goldens / "vit-classifier").string()), at::kFloat, true);
  const TempFolder folder;
  const auto refusal = [&](HfImageModel& model, const std::vector<NamedTensor>& cases) {
    save_tensors(folder / "io.safetensors", cases);
    const SafetensorsFile file = SafetensorsFile::open(folder / "io.safetensors");
    const std::string message = error_of([&] { run_cases(model, file, {.gradients = true}); });
    EXPECT_CONTAINS(message, file.path().string());
    EXPECT_CONTAINS(message, "case \"a\"");
    return message;
  };
  const at::Tensor image = at::ones({3, 8, 8}), batch = at::ones({1, 3, 8, 8});
  EXPECT_CONTAINS(refusal(vit, {{"a/in/input_ids", ids(1, 3)}}), "1 inputs, \"input_ids\" among them");
  EXPECT_CONTAINS(refusal(vit, {{"a/in/pixel_values", batch}, {"a/in/image_0", image}}), "pixel_values alone");
  EXPECT_CONTAINS(refusal(vit, {{"a/in/image_0", image}, {"a/in/image_2", image}}), "without a gap");
  EXPECT_CONTAINS(refusal(vit, {{"a/in/pixel_values", image}}), "expected floating-point [B, C, H, W]");
  EXPECT_CONTAINS(refusal(vit, {{"a/in/image_0", batch}}), "expected floating-point [C, H, W]");
  EXPECT_CONTAINS(refusal(vit, {{"a/in/pixel_values", ids(1, 3)}}), "Long [1, 3]");
  EXPECT_CONTAINS(refusal(vit, {{"a/in/pixel_values", at::ones({0, 3, 8, 8})}}), "not empty");
  EXPECT_CONTAINS(refusal(vit, {{"a/in/pixel_values", at::ones({1, 3, 8, 12})}}), "multiples of 8x8");
  EXPECT_CONTAINS(refusal(vit, {{"a/in/image_0", image}, {"a/in/image_1", at::ones({1, 8, 8})}}), "1 channels");
  EXPECT_CONTAINS(refusal(vit, {{"a/in/pixel_values", batch}, {"a/w/logits", batch}}), "no such output");
  EXPECT_CONTAINS(refusal(classifier, {{"a/in/image_0", image}}), "a class without pooler_output");
}

// Outputs full of NaN were written, and the program said that all was well.
TEST(ForwardCases, WeightsThatAreNotFiniteAreNamedWithTheFirstOutput) {
  const TempFolder folder;
  save_tensors(folder / "io.safetensors",
               {{"a/in/input_ids", ids(1, 3)}, {"a/w/last_hidden_state", at::ones({1, 3, 32})}});
  const SafetensorsFile file = SafetensorsFile::open(folder / "io.safetensors");
  HfModel model(HfSource::find((goldens / "llama-gqa").string()), WELT_LATENT_TRANSFORMER_INTERFACE, at::kDouble, true);
  for (const auto& [name, tensor] : model.parameters())
    if (name.ends_with("layers.1.mlp.up_proj.weight")) tensor.detach().fill_(std::nan(""));
  for (const bool gradients : {false, true}) {
    const std::string message = error_of([&] { run_cases(model, file, {.gradients = gradients}); });
    EXPECT_CONTAINS(message, "case \"a\": out/hidden_states.2: values that are not finite");
    EXPECT_CONTAINS(message, "layers.1.mlp.up_proj.weight has values that are not finite");
  }
  HfImageModel vit(HfSource::find((goldens / "vit-a").string()), at::kDouble, true);
  vit.parameters().front().second.detach().fill_(std::nan(""));
  save_tensors(folder / "images.safetensors", {{"a/in/pixel_values", at::ones({1, 3, 8, 8})}});
  EXPECT_CONTAINS(error_of([&] { run_cases(vit, SafetensorsFile::open(folder / "images.safetensors"), {}); }),
                  vit.parameters().front().first + " has values that are not finite");
}

TEST(ForwardCases, AListOfImagesIsEachImageByItself) {
  HfImageModel vit(HfSource::find((goldens / "vit-a").string()), at::kDouble, true);
  const TempFolder folder;
  std::vector<NamedTensor> tensors;
  const at::Tensor weight = at::randn({11, 32}, at::kDouble);
  for (std::int64_t i = 0; i < 11; ++i) {  // image_10 comes after image_9
    const at::Tensor image = at::randn({3, 8 * (1 + i % 2), 8 * (1 + i % 4)}, at::kDouble);
    tensors.emplace_back("list/in/image_" + std::to_string(i), image);
    tensors.emplace_back("one" + std::to_string(i) + "/in/pixel_values", image.unsqueeze(0));
    tensors.emplace_back("one" + std::to_string(i) + "/w/pooler_output", weight.narrow(0, i, 1).contiguous());
  }
  tensors.emplace_back("list/w/pooler_output", weight);
  save_tensors(folder / "io.safetensors", tensors);
  std::map<std::string, at::Tensor> found;
  for (const auto& [name, value] :
       run_cases(vit, SafetensorsFile::open(folder / "io.safetensors"), {.gradients = true}))
    found[name] = value;
  const at::Tensor pooled = found.at("list/out/pooler_output");
  ASSERT_EQ(pooled.sizes(), (at::IntArrayRef{11, 32}));
  EXPECT_FALSE(found.contains("list/out/last_hidden_state"));
  for (std::int64_t i = 0; i < 11; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_TRUE(pooled.narrow(0, i, 1).allclose(found.at("one" + number + "/out/pooler_output"))) << i;
    const at::Tensor grad = found.at("one" + number + "/grad/pixel_values")[0];
    EXPECT_GT(grad.abs().max().item<double>(), 0);
    EXPECT_TRUE(found.at("list/grad/image_" + number).allclose(grad)) << i;
  }
}

TEST(ForwardCases, UnknownModelTypesRolesAndClassesListTheKnownOnes) {
  const TempFolder folder;
  const auto refusal = [&](std::string_view config, std::string_view role) {
    folder.put("config.json", config);
    const std::string message =
        error_of([&] { HfModel(HfSource::find(folder.path().string()), role, at::kFloat, false); });
    EXPECT_CONTAINS(message, folder.path().string());
    return message;
  };
  const std::string bert = read_file(goldens / "bert-pooler" / "config.json");
  EXPECT_CONTAINS(refusal(bert, WELT_LATENT_TRANSFORMER_INTERFACE), "llama (plugin llama");
  EXPECT_CONTAINS(refusal(bert, WELT_IMAGE_ENCODER_INTERFACE), "vit (plugin vit");
  EXPECT_CONTAINS(refusal(R"({"model_type": "bert", "architectures": ["BertModle"]})", WELT_BYTES_ENCODER_INTERFACE),
                  "Did you mean BertModel?");
  const std::string unknown = refusal(R"({"model_type": "brt"})", WELT_BYTES_ENCODER_INTERFACE);
  EXPECT_CONTAINS(unknown, "\"brt\"");
  EXPECT_CONTAINS(unknown, "bert (plugin bert");
  EXPECT_CONTAINS(unknown, "llama (plugin llama");
  EXPECT_CONTAINS(refusal("{}", WELT_BYTES_ENCODER_INTERFACE), "neither a model_type nor architectures");
}

}  // namespace
}  // namespace welt
