// core/model/component as an image encoder, and loading one from a Hugging Face folder.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/image_encoder.h>

#include <cmath>

#include "core/huggingface/hf_load.h"
#include "core/tensor/image_buckets.h"
#include "core/tensor/tensor_component.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/temp_folder.h"
#include "tests/sdk/toy_images.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::error_of;
using test::TempFolder;
using test::toy_images;

const fs::path goldens = fs::path(WELT_TEST_DATA) / "models";

TensorComponent toy(json config = {}) {
  return {toy_images(), WELT_IMAGE_ENCODER_INTERFACE, ConfigView(toy_images(), std::move(config), true, "test"),
          WELT_INIT_RANDOM};
}

TensorComponent vit_of(json config) {
  const ComponentType& type = Registry::instance().find_for_config(WELT_IMAGE_ENCODER_INTERFACE, config);
  return {type, WELT_IMAGE_ENCODER_INTERFACE, ConfigView(type, std::move(config), false, "config.json"),
          WELT_INIT_NONE};
}

TensorComponent loaded_vit() {
  TensorComponent vit = vit_of(HfSource::find((goldens / "vit-a").string()).config());
  load_weights(vit, HfWeights::open(goldens / "vit-a"), {.requires_grad = true});
  return vit;
}

at::Tensor sizes_of(std::vector<std::int64_t> values) { return at::tensor(values, at::kLong).view({-1, 2}); }

TEST(ImageEncoder, TellsItsFactsAndHasNoVocabulary) {
  const TensorComponent encoder = toy({{"width", 6}});
  EXPECT_EQ(encoder.width(), 6);
  EXPECT_EQ(encoder.max_positions(), 0);
  EXPECT_EQ(encoder.base_prefix(), "toy");
  EXPECT_EQ(encoder.initializer_range(), 0.5);
  EXPECT_FALSE(encoder.has_vocabulary());
  EXPECT_TRUE(encoder.image_encoder_info().ragged);
  EXPECT_EQ(encoder.image_encoder_info().patch_height, 1);
  EXPECT_EQ(encoder.image_encoder_info().minimum_height, 2);
  EXPECT_EQ(encoder.image_encoder_info().deviation, (std::array<double, 4>{1, 1, 1, 1}));
  EXPECT_EQ(encoder.parameters().front().name, "weight");
  const std::string message = error_of([&] { encoder.vocabulary(); });
  EXPECT_CONTAINS(message, "plugin toy_images, used as welt.image_encoder/1");
  EXPECT_CONTAINS(message, "welt.vocabulary/1");
}

TEST(ImageEncoder, CallsOfOtherRolesAreRefused) {
  TensorComponent encoder = toy();
  EXPECT_CONTAINS(error_of([&] { encoder.encode({.embeds = at::randn({1, 2, 3})}, {}); }), "welt.bytes_encoder/1");
  EXPECT_CONTAINS(error_of([&] { encoder.forward({.embeds = at::randn({1, 2, 3})}, {}); }), "welt.decoder/1");
  EXPECT_CONTAINS(error_of([&] { encoder.make_cache(1, 2); }), "welt.kv_cache/1");
  EXPECT_CONTAINS(error_of([] {
                    TensorComponent(toy_images(), WELT_BYTES_ENCODER_INTERFACE,
                                    ConfigView(toy_images(), {}, true, "test"), WELT_INIT_NONE);
                  }),
                  "does not offer welt.bytes_encoder/1");
  const ComponentType& type = Registry::instance().find(WELT_BYTES_ENCODER_INTERFACE, "bert");
  TensorComponent bert(type, WELT_BYTES_ENCODER_INTERFACE, ConfigView(type, {}, true, "test"), WELT_INIT_NONE);
  EXPECT_TRUE(bert.has_vocabulary());
  EXPECT_EQ(bert.base_prefix(), "bert");
  EXPECT_CONTAINS(error_of([&] { bert.image_encoder_info(); }), "welt.image_encoder/1");
  EXPECT_CONTAINS(error_of([&] { bert.encode_images(at::randn({1, 3, 8, 8})); }), "welt.image_encoder/1");
}

TEST(ImageEncoder, FactsThatCannotBeAreThePluginsFault) {
  for (const char* wrong : {"width", "channels", "scale"}) {
    const std::string message = error_of([&] { toy({{"wrong", wrong}}); });
    EXPECT_CONTAINS(message, wrong);
    EXPECT_CONTAINS(message, "Tell the plugin's author");
  }
  TensorComponent encoder = toy({{"wrong", "pooled"}});
  EXPECT_CONTAINS(error_of([&] {
                    encoder.encode_images(at::randn({4, 3, 2, 2}));
                  }),
                  "pooled vectors of shape [4, 1]; expected [4, 2]");
}

// Images of several sizes, padded: an encoder that masks gets them at once, another one in batches of one size.
TEST(ImageEncoder, PaddingNeverReachesAResult) {
  TensorComponent masking = toy(), plain = toy({{"ragged", false}}), vit = loaded_vit();
  plain.bind(0, masking.tensors().front());
  const std::vector<std::int64_t> sides{8, 24, 16, 8, 8, 24, 8, 8, 16, 40, 8, 24};
  const at::Tensor sizes = sizes_of(sides);
  at::Tensor pixels = at::full({6, 3, 16, 40}, std::nan(""));
  for (std::int64_t i = 0; i < 6; ++i)
    pixels[i]
        .narrow(1, 0, sides[static_cast<std::size_t>(2 * i)])
        .narrow(2, 0, sides[static_cast<std::size_t>(2 * i + 1)])
        .normal_();
  for (TensorComponent* encoder : {&masking, &plain, &vit}) {
    pixels = pixels.detach().set_requires_grad(true);
    const at::Tensor pooled = encoder->encode_images(pixels, sizes).pooled;
    ASSERT_EQ(pooled.sizes(), (at::IntArrayRef{6, encoder->width()}));
    for (std::int64_t i = 0; i < 6; ++i) {
      const at::Tensor image = pixels.narrow(0, i, 1)
                                   .narrow(2, 0, sides[static_cast<std::size_t>(2 * i)])
                                   .narrow(3, 0, sides[static_cast<std::size_t>(2 * i + 1)]);
      EXPECT_LT((encoder->encode_images(image).pooled[0] - pooled[i]).abs().max().item<double>(), 1e-5) << i;
    }
    pooled.square().sum().backward();
    const at::Tensor grad = pixels.grad();
    EXPECT_TRUE(at::isfinite(grad).all().item<bool>());
    EXPECT_EQ((grad[1].narrow(2, 8, 32) != 0).sum().item<std::int64_t>(), 0);
    EXPECT_GT(grad[1].narrow(2, 0, 8).abs().max().item<double>(), 0);
  }
}

TEST(ImageEncoder, SizesThatSayNothingNewAreLeftOut) {
  TensorComponent vit = loaded_vit();
  const at::Tensor pixels = at::randn({2, 3, 8, 24});
  const auto all = vit.encode_images(pixels, {}, true);
  const auto again = vit.encode_images(pixels, sizes_of({8, 24, 8, 24}), true);
  EXPECT_TRUE(again.pooled.equal(all.pooled));
  EXPECT_TRUE(again.hidden.equal(all.hidden));
  const auto cut = vit.encode_images(pixels, sizes_of({8, 16, 8, 16}), true);
  EXPECT_EQ(cut.hidden.sizes(), (at::IntArrayRef{2, 3, 32}));
  EXPECT_EQ(vit.encode_images(at::randn({0, 3, 8, 24}), sizes_of({})).pooled.sizes(), (at::IntArrayRef{0, 32}));
  const at::Tensor both = vit.encode_images(pixels, sizes_of({8, 16, 8, 24}), true).hidden;
  ASSERT_EQ(both.sizes(), (at::IntArrayRef{2, 4, 32}));
  EXPECT_EQ(both[0][3].abs().max().item<double>(), 0) << "behind the tokens of the smaller image";
  EXPECT_LT((both[0].narrow(0, 0, 3) - cut.hidden[0]).abs().max().item<double>(), 1e-5);
  EXPECT_LT((both[1] - all.hidden[1]).abs().max().item<double>(), 1e-5);
  TensorComponent plain = toy({{"ragged", false}});
  EXPECT_CONTAINS(error_of([&] {
                    plain.encode_images(pixels, sizes_of({8, 16, 8, 24}), true);
                  }),
                  "images of 2 sizes, whose tokens were asked for");
  EXPECT_TRUE(toy().encode_images(pixels, sizes_of({8, 16, 8, 24}), true).hidden.defined());
}

TEST(ImageEncoder, BadSizesAreRefusedInWords) {
  TensorComponent vit = loaded_vit();
  const at::Tensor pixels = at::randn({2, 3, 8, 24});
  const auto refusal = [&](const at::Tensor& sizes) { return error_of([&] { vit.encode_images(pixels, sizes); }); };
  EXPECT_CONTAINS(refusal(sizes_of({8, 24})), "I64 [2, 2] on the CPU");
  EXPECT_CONTAINS(refusal(sizes_of({8, 24, 8, 24}).to(at::kInt)), "I64 [2, 2] on the CPU");
  EXPECT_CONTAINS(refusal(sizes_of({8, 24, 8, 32})), "image 1 of 8x32 pixels (height x width); expected 1x1 to 8x24");
  EXPECT_CONTAINS(refusal(sizes_of({8, 24, 0, 0})), "image 1 of 0x0 pixels");
  EXPECT_CONTAINS(refusal(sizes_of({8, 24, 8, 12})), "8x12 pixels (height x width); expected multiples of 8x8");
  EXPECT_CONTAINS(error_of([&] { vit.encode_images(at::Tensor(), sizes_of({8, 24})); }), "pixels: null");
  EXPECT_CONTAINS(error_of([&] { vit.encode_images(at::Tensor()); }), "pixels is null");
}

TEST(ImageEncoder, WhatATraceThrowsComesOutOfTheCall) {
  TensorComponent vit = loaded_vit();
  vit.set_trace([](std::string_view, const at::Tensor&) { throw Error("enough"); });
  EXPECT_EQ(error_of([&] { vit.encode_images(at::randn({1, 3, 8, 8})); }), "enough");
  vit.set_trace({});
  EXPECT_EQ(vit.encode_images(at::randn({1, 3, 8, 8})).pooled.size(1), 32);
}

TEST(ImageEncoder, AFileOfAClassifierFillsABodyWithPooler) {
  const json config = HfSource::find((goldens / "vit-classifier").string()).config();
  const HfWeights weights = HfWeights::open(goldens / "vit-classifier");
  json bare = config;
  bare["architectures"] = {"ViTModel"};
  TensorComponent classifier = vit_of(config), body = vit_of(bare);
  EXPECT_EQ(load_weights(classifier, weights).unused,
            (std::vector<std::string>{"classifier.bias", "classifier.weight"}));
  const LoadedWeights loaded = load_weights(body, weights);
  EXPECT_EQ(loaded.unused, (std::vector<std::string>{"classifier.bias", "classifier.weight"}));
  EXPECT_EQ(loaded.initialized, (std::vector<std::string>{"pooler.dense.weight", "pooler.dense.bias"}));
  EXPECT_EQ(loaded.file_names.front(), "vit.embeddings.cls_token");
  EXPECT_FALSE(loaded.table.defined());
  EXPECT_NEAR(body.tensors()[body.tensors().size() - 2].std().item<double>(), 0.02, 0.01);
  const at::Tensor pixels = at::randn({2, 3, 8, 20});
  EXPECT_TRUE(body.encode_images(pixels, {}, true).hidden.equal(classifier.encode_images(pixels, {}, true).hidden));
}

TEST(ImageEncoder, AFileOfTheBodyFillsAClassifier) {
  json config = HfSource::find((goldens / "vit-a").string()).config();
  config["architectures"] = {"ViTForImageClassification"};
  TensorComponent classifier = vit_of(config);
  const LoadedWeights loaded = load_weights(classifier, HfWeights::open(goldens / "vit-a"));
  EXPECT_EQ(loaded.unused, (std::vector<std::string>{"pooler.dense.bias", "pooler.dense.weight"}));
  EXPECT_TRUE(loaded.initialized.empty());
}

// A mask token and a decoder, as a file of ViTForMaskedImageModeling has them.
TEST(ImageEncoder, WhatOnlyMaskedImageModellingUsesIsLeftInTheFile) {
  const TempFolder folder;
  const HfWeights original = HfWeights::open(goldens / "vit-classifier");
  std::vector<NamedTensor> tensors{{"vit.embeddings.mask_token", at::randn({1, 1, 16})},
                                   {"decoder.0.weight", at::randn({48, 16, 1, 1})}};
  for (const auto& [name, item] : original.items())
    if (name.starts_with("vit.")) tensors.emplace_back(name, copied_tensor(*item.file, *item.entry));
  save_tensors(folder / "model.safetensors", tensors);
  json config = HfSource::find((goldens / "vit-classifier").string()).config();
  config["architectures"] = {"ViTModel"};
  TensorComponent vit = vit_of(config);
  const LoadedWeights loaded = load_weights(vit, HfWeights::open(folder.path()));
  EXPECT_EQ(loaded.unused, (std::vector<std::string>{"decoder.0.weight", "vit.embeddings.mask_token"}));
}

TEST(ImageBuckets, OneSizeWithoutPaddingIsTheTensorItself) {
  const at::Tensor pixels = at::randn({3, 1, 4, 4});
  const ImageBuckets whole(pixels, sizes_of({4, 4, 4, 4, 4, 4}), "here");
  EXPECT_TRUE(whole.whole());
  EXPECT_EQ(whole.batch(0).const_data_ptr(), pixels.const_data_ptr());
  const ImageBuckets cut(pixels, sizes_of({4, 2, 4, 2, 4, 2}), "here");
  EXPECT_FALSE(cut.whole());
  EXPECT_EQ(cut.count(), 1u);
  EXPECT_EQ(cut.batch(0).sizes(), (at::IntArrayRef{3, 1, 4, 2}));
}

TEST(ImageBuckets, BatchesComeBackInTheCallersOrder) {
  const at::Tensor pixels = at::randn({5, 2, 3, 3});
  const ImageBuckets buckets(pixels, sizes_of({1, 3, 3, 1, 1, 3, 2, 2, 3, 1}), "here");
  ASSERT_EQ(buckets.count(), 3u);
  std::vector<at::Tensor> corners;
  for (std::size_t i = 0; i < 3; ++i) corners.push_back(buckets.batch(i).select(3, 0).select(2, 0));
  EXPECT_TRUE(buckets.join(corners).equal(pixels.select(3, 0).select(2, 0)));
}

}  // namespace
}  // namespace welt
