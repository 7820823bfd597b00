// The built plugin `vit` through the registry: sizes and interpolation, kept tables, modes, dtypes, names, refusals.
// Parity with the Python original is tested with every other class in tests/apps (tests/goldens/models).
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <welt/abi/image_encoder.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/tensor/tensor_component.h"

namespace {

using nlohmann::json;

const json tiny = {{"hidden_size", 16}, {"num_hidden_layers", 2}, {"num_attention_heads", 2}, {"intermediate_size", 24},
                   {"image_size", 32},  {"patch_size", 8},        {"initializer_range", 0.3}};

welt::TensorComponent make(const json& changes, std::uint32_t init = WELT_INIT_RANDOM) {
  json config = tiny;
  if (!changes.is_null()) config.update(changes);
  const welt::ComponentType& type = welt::Registry::instance().find(WELT_IMAGE_ENCODER_INTERFACE, "vit");
  return {type, WELT_IMAGE_ENCODER_INTERFACE, welt::ConfigView(type, config, true, "test"), init};
}

std::string refusal(const json& changes) {
  try {
    make(changes, WELT_INIT_NONE);
  } catch (const welt::Error& error) {
    return error.what();
  }
  return {};
}

std::string refusal(welt::TensorComponent& vit, const at::Tensor& pixels) {
  try {
    vit.encode_images(pixels);
  } catch (const welt::Error& error) {
    return error.what();
  }
  return {};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

at::Tensor& parameter(const welt::TensorComponent& vit, std::vector<at::Tensor>& tensors, const std::string& name) {
  const auto& all = vit.parameters();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& item) { return item.name == name; });
  EXPECT_NE(found, all.end()) << name;
  return tensors[static_cast<std::size_t>(found - all.begin())];
}

void copy_parameters(const welt::TensorComponent& from, welt::TensorComponent& to) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> source = from.tensors(), target = to.tensors();
  ASSERT_EQ(source.size(), target.size());
  for (std::size_t i = 0; i < source.size(); ++i) target[i].copy_(source[i]);
}

at::Tensor images(std::int64_t n, std::int64_t height, std::int64_t width, std::int64_t channels = 3) {
  return at::randn({n, channels, height, width});
}

TEST(Vit, TellsItsFacts) {
  const welt::ImageEncoderInfo facts = make({{"pooler_output_size", 20}, {"patch_size", {4, 8}}}).image_encoder_info();
  EXPECT_EQ(facts.base_prefix, "vit");
  EXPECT_EQ(facts.width, 20);
  EXPECT_EQ(facts.channels, 3);
  EXPECT_EQ(facts.patch_height, 4);
  EXPECT_EQ(facts.patch_width, 8);
  EXPECT_EQ(facts.minimum_height, 4);
  EXPECT_TRUE(facts.ragged);
  EXPECT_TRUE(facts.has_pooler);
  EXPECT_EQ(facts.initializer_range, 0.3);
  EXPECT_EQ(facts.scale, 1.0 / 255);
  for (std::size_t channel = 0; channel < 4; ++channel) {
    EXPECT_EQ(facts.mean[channel], 0.5);
    EXPECT_EQ(facts.deviation[channel], 0.5);
  }
  const welt::TensorComponent classifier = make({{"architectures", {"ViTForImageClassification"}}});
  EXPECT_FALSE(classifier.image_encoder_info().has_pooler);
  EXPECT_EQ(classifier.width(), 16);
}

TEST(Vit, NamesAreThoseOfTheClass) {
  const welt::TensorComponent vit = make({}, WELT_INIT_NONE);
  EXPECT_EQ(vit.parameters().front().name, "embeddings.cls_token");
  EXPECT_EQ(vit.parameters().back().name, "pooler.dense.bias");
  EXPECT_TRUE(vit.parameters().back().optional_in_file);
  const welt::TensorComponent classifier =
      make({{"architectures", {"ViTForImageClassification"}}, {"qkv_bias", false}}, WELT_INIT_NONE);
  EXPECT_EQ(classifier.parameters().front().name, "vit.embeddings.cls_token");
  EXPECT_EQ(classifier.parameters().back().name, "vit.layernorm.bias");
  for (const welt::NamedParameter& item : classifier.parameters()) EXPECT_FALSE(has(item.name, "query.bias"));
}

TEST(Vit, PresetsHaveAsManyParametersAsTheOriginals) {
  welt::Registry& registry = welt::Registry::instance();
  const welt::ComponentType& type = registry.find(WELT_IMAGE_ENCODER_INTERFACE, "vit");
  const auto size_of = [&](const char* preset) {
    const welt::ConfigView config(type, registry.preset(type, preset), false, preset);
    std::int64_t count = 0;
    for (const auto& item : welt::TensorComponent(type, WELT_IMAGE_ENCODER_INTERFACE, config, WELT_INIT_NONE).tensors())
      count += item.numel();
    return count;
  };
  EXPECT_EQ(size_of("vit-tiny"), 5561472);  // ViTModel of transformers with these configurations
  EXPECT_EQ(size_of("vit-base-patch16-224"), 86389248);
  EXPECT_EQ(size_of("nano"), 124672);
}

TEST(Vit, RandomWeightsFollowTheConfig) {
  const welt::TensorComponent vit = make({{"hidden_size", 64}});
  const auto tensors = vit.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string& name = vit.parameters()[i].name;
    if (has(name, "layernorm") && name.ends_with("weight")) {
      EXPECT_TRUE((tensors[i] == 1).all().item<bool>()) << name;
    } else if (name.ends_with("bias")) {
      EXPECT_TRUE((tensors[i] == 0).all().item<bool>()) << name;
    } else {
      EXPECT_NEAR(tensors[i].std().item<double>(), 0.3, tensors[i].numel() > 1000 ? 0.03 : 0.15) << name;
    }
    EXPECT_EQ(vit.parameters()[i].decay, tensors[i].dim() > 1) << name;
  }
}

// Without its tokens asked for, the last block computes class tokens only.
TEST(Vit, PooledIsTheSameWhetherOrNotTokensAreAskedFor) {
  for (const int layers : {0, 1, 3}) {
    welt::TensorComponent vit = make({{"num_hidden_layers", layers}, {"pooler_output_size", 5}});
    vit.to(at::kCPU, at::kDouble);
    const at::Tensor pixels = images(3, 16, 24);
    std::vector<std::vector<at::Tensor>> gradients;
    std::vector<at::Tensor> pooled;
    for (const bool want_hidden : {true, false}) {
      const auto out = vit.encode_images(pixels, {}, want_hidden);
      EXPECT_EQ(out.hidden.defined(), want_hidden);
      out.pooled.square().sum().backward();
      pooled.push_back(out.pooled);
      gradients.emplace_back();
      for (const at::Tensor& tensor : vit.tensors()) {
        gradients.back().push_back(tensor.grad());
        tensor.mutable_grad() = at::Tensor();
      }
    }
    EXPECT_LT((pooled[0] - pooled[1]).abs().max().item<double>(), 1e-13);
    for (std::size_t i = 0; i < gradients[0].size(); ++i)
      EXPECT_LT((gradients[0][i] - gradients[1][i]).abs().max().item<double>(), 1e-12) << vit.parameters()[i].name;
  }
}

TEST(Vit, AClassWithoutPoolerGivesTheMeanOfItsTokens) {
  welt::TensorComponent vit = make({{"architectures", {"ViTForImageClassification"}}});
  const auto out = vit.encode_images(images(2, 8, 40), {}, true);
  EXPECT_LT((out.pooled - out.hidden.mean(1)).abs().max().item<double>(), 1e-6);
}

// The table is used as it is at image_size and for squares of as many patches; elsewhere it is a square grid.
TEST(Vit, PositionsOfAnImageThatIsNotSquare) {
  welt::TensorComponent wide = make({{"image_size", {8, 32}}}), square = make({{"image_size", 16}});
  copy_parameters(square, wide);  // four positions each
  const at::Tensor strip = images(1, 8, 32), block = images(1, 16, 16), other = images(1, 24, 8);
  const auto gap = [&](const at::Tensor& pixels) {
    return (wide.encode_images(pixels).pooled - square.encode_images(pixels).pooled).abs().max().item<double>();
  };
  EXPECT_GT(gap(strip), 1e-3) << "one has the table as it is, the other interpolates";
  EXPECT_LT(gap(block), 1e-6);
  EXPECT_LT(gap(other), 1e-6);
}

TEST(Vit, APatchMayBeANumberOrHeightAndWidth) {
  welt::TensorComponent number = make({}), list = make({{"patch_size", {8, 8}}, {"image_size", {32, 32}}});
  copy_parameters(number, list);
  for (const at::Tensor& pixels : {images(2, 32, 32), images(2, 8, 48)}) {
    EXPECT_TRUE(number.encode_images(pixels).pooled.equal(list.encode_images(pixels).pooled));
  }
  welt::TensorComponent flat = make({{"patch_size", {4, 16}}, {"image_size", {16, 64}}});
  EXPECT_EQ(flat.encode_images(images(1, 4, 48), {}, true).hidden.size(1), 1 + 3);
  EXPECT_EQ(flat.encode_images(images(1, 12, 16), {}, true).hidden.size(1), 1 + 3);
}

// A row of the table far from a strip of one patch height has no part in it: bicubic looks at four rows.
TEST(Vit, InterpolationLooksAtFourRowsAndColumns) {
  welt::TensorComponent vit = make({{"image_size", 64}});  // 8 x 8 positions; a strip lies between rows 3 and 4
  std::vector<at::Tensor> tensors = vit.tensors();
  const at::Tensor positions = parameter(vit, tensors, "embeddings.position_embeddings");
  vit.encode_images(images(1, 8, 16)).pooled.square().sum().backward();  // columns 1.5 and 5.5
  const at::Tensor used = positions.grad()[0].narrow(0, 1, 64).abs().sum(-1).view({8, 8});
  for (std::int64_t row = 0; row < 8; ++row)
    for (std::int64_t column = 0; column < 8; ++column)
      EXPECT_EQ(used[row][column].item<double>() > 0, row >= 2 && row <= 5) << row << " " << column;
}

TEST(Vit, AKeptTableIsNotThatOfOlderWeights) {
  welt::TensorComponent vit = make({}), fresh = make({});
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> tensors = vit.tensors();
  const at::Tensor positions = parameter(vit, tensors, "embeddings.position_embeddings");
  const at::Tensor pixels = images(2, 8, 40);
  const auto same_as_fresh = [&] {
    copy_parameters(vit, fresh);  // changes its table, so that nothing kept fits
    return vit.encode_images(pixels).pooled.equal(fresh.encode_images(pixels).pooled);
  };
  const at::Tensor before = vit.encode_images(pixels).pooled;
  EXPECT_TRUE(before.equal(vit.encode_images(pixels).pooled));
  EXPECT_TRUE(same_as_fresh());
  positions.mul_(2);  // as an optimizer does
  EXPECT_FALSE(before.equal(vit.encode_images(pixels).pooled));
  EXPECT_TRUE(same_as_fresh());
  vit.bind(1, at::randn(positions.sizes()).set_requires_grad(true));
  EXPECT_TRUE(same_as_fresh());
  for (std::int64_t columns = 1; columns < 140; ++columns) vit.encode_images(images(1, 8, 8 * columns));
  EXPECT_TRUE(same_as_fresh());
  vit.to(at::kCPU, at::kDouble);
  EXPECT_EQ(vit.encode_images(pixels).pooled.scalar_type(), at::kDouble);
}

TEST(Vit, GradientReachesEveryParameterAndThePixels) {
  for (const char* architecture : {"ViTModel", "ViTForImageClassification"}) {
    welt::TensorComponent vit =
        make({{"architectures", {architecture}}, {"hidden_dropout_prob", 0.1}, {"attention_probs_dropout_prob", 0.1}});
    vit.set_training(true);
    const at::Tensor pixels = images(4, 8, 24).set_requires_grad(true);
    vit.encode_images(pixels).pooled.square().sum().backward();
    EXPECT_TRUE((pixels.grad() != 0).all().item<bool>());
    const auto tensors = vit.tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const std::string& name = vit.parameters()[i].name;
      ASSERT_TRUE(tensors[i].grad().defined()) << name;
      EXPECT_TRUE(at::isfinite(tensors[i].grad()).all().item<bool>()) << name;
      if (name.ends_with("key.bias")) continue;  // softmax does not see what is added to every score of a query
      EXPECT_GT(tensors[i].grad().abs().max().item<double>(), 0) << name;
    }
  }
}

TEST(Vit, DropoutIsOnInTrainingOnly) {
  for (const char* key : {"hidden_dropout_prob", "attention_probs_dropout_prob"}) {
    welt::TensorComponent vit = make({{key, 0.5}});
    const at::Tensor pixels = images(2, 16, 16);
    const at::Tensor quiet = vit.encode_images(pixels).pooled;
    EXPECT_TRUE(quiet.equal(vit.encode_images(pixels).pooled));
    vit.set_training(true);
    EXPECT_FALSE(quiet.equal(vit.encode_images(pixels).pooled)) << key;
    vit.set_training(false);
    EXPECT_TRUE(quiet.equal(vit.encode_images(pixels).pooled));
  }
}

TEST(Vit, PixelsTakeTheTypeOfTheParameters) {
  welt::TensorComponent vit = make({});
  const at::Tensor pixels = images(2, 8, 24);
  const at::Tensor single = vit.encode_images(pixels.to(at::kDouble)).pooled;
  EXPECT_EQ(single.scalar_type(), at::kFloat);
  vit.to(at::kCPU, at::kDouble);
  EXPECT_LT((vit.encode_images(pixels).pooled - single).abs().max().item<double>(), 1e-5);
  vit.to(at::kCPU, at::kBFloat16);
  const at::Tensor half = vit.encode_images(pixels).pooled;
  EXPECT_EQ(half.scalar_type(), at::kBFloat16);
  EXPECT_LT((half.to(at::kDouble) - single).abs().max().item<double>(), 0.1);
}

TEST(Vit, TracesTheStatesBeforeTheLastNorm) {
  welt::TensorComponent vit = make({});
  std::vector<std::string> names;
  at::Tensor last;
  vit.set_trace([&](std::string_view name, const at::Tensor& value) {
    names.emplace_back(name);
    last = value;
  });
  const at::Tensor hidden = vit.encode_images(images(2, 8, 24), {}, true).hidden;
  EXPECT_EQ(names, (std::vector<std::string>{"hidden_states.0", "layers.0.input_norm", "layers.0.attention",
                                             "layers.0.post_attention_norm", "layers.0.mlp", "hidden_states.1",
                                             "layers.1.input_norm", "layers.1.attention",
                                             "layers.1.post_attention_norm", "layers.1.mlp", "hidden_states.2"}));
  EXPECT_EQ(last.sizes(), hidden.sizes());
  const at::Tensor centred = last - last.mean(-1, true);
  const at::Tensor normed = centred / centred.square().mean(-1, true).sqrt();  // new norms scale by 1 and shift by 0
  EXPECT_LT((hidden - normed).abs().max().item<double>(), 1e-4);
}

TEST(Vit, RefusesConfigurationsThatCannotBe) {
  EXPECT_TRUE(has(refusal({{"architectures", {"ViTForMaskedImageModeling"}}}), "known: ViTModel"));
  EXPECT_TRUE(has(refusal({{"num_attention_heads", 3}}), "not a multiple of num_attention_heads"));
  EXPECT_TRUE(has(refusal({{"hidden_act", "gelu_old"}}), "hidden_act"));
  EXPECT_TRUE(has(refusal({{"pooler_act", "tnh"}}), "did you mean \"tanh\""));
  EXPECT_TRUE(has(refusal({{"num_channels", 5}}), "num_channels"));
  EXPECT_TRUE(has(refusal({{"image_size", 4}}), "image_size [4, 4] is smaller than a patch, [8, 8]"));
  EXPECT_TRUE(has(refusal({{"image_size", {32, 32, 3}}}), "image_size must be a number of pixels"));
  EXPECT_TRUE(has(refusal({{"image_size", json::array()}}), "image_size must be a number of pixels"));
  EXPECT_TRUE(has(refusal({{"image_size", {32, 70000}}}), "image_size must be a number of pixels"));
  EXPECT_TRUE(has(refusal({{"patch_size", {8, 0}}}), "patch_size must be a number of pixels"));
  EXPECT_TRUE(has(refusal({{"patch_size", 0}}), "patch_size"));
  EXPECT_TRUE(has(refusal({{"patch_size", "8"}}), "patch_size"));
  EXPECT_TRUE(has(refusal({{"patch_size", {8.5, 8}}}), "patch_size.0"));
}

TEST(Vit, RefusesImagesThatCannotBe) {
  welt::TensorComponent vit = make({});
  EXPECT_TRUE(has(refusal(vit, images(1, 8, 20)), "8x20 pixels (height x width); expected multiples of 8x8"));
  EXPECT_TRUE(has(refusal(vit, images(1, 8, 0)), "8x0 pixels (height x width); expected at least 8x8"));
  EXPECT_TRUE(has(refusal(vit, images(1, 0, 8)), "expected at least 8x8"));
  EXPECT_TRUE(has(refusal(vit, images(1, 4, 8)), "expected at least 8x8"));
  EXPECT_TRUE(has(refusal(vit, images(1, 8, 8, 1)), "1 channels; the model has 3"));
  EXPECT_TRUE(has(refusal(vit, at::randn({3, 8, 8})), "3 dimensions"));
  EXPECT_TRUE(has(refusal(vit, images(1, 8, 8).to(at::kByte)), "floating-point"));
  EXPECT_TRUE(has(refusal(vit, {}), "pixels is null"));
  welt::TensorComponent odd = make({{"image_size", {8, 48}}});
  EXPECT_EQ(refusal(odd, images(1, 8, 48)), "");
  EXPECT_TRUE(has(refusal(odd, images(1, 8, 40)), "6 positions are no square number"));
  welt::TensorComponent unbound = make({}, WELT_INIT_NONE);
  EXPECT_TRUE(has(refusal(unbound, images(1, 8, 8)), "embeddings.cls_token"));
  EXPECT_EQ(refusal(vit, images(1, 8, 8)), "") << "a refused call leaves the component usable";
}

}  // namespace
