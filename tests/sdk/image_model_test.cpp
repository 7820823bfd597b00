// ImageComponent: the tables of an image encoder over the ABI, and Conv2d.
#include "welt/nn/image_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <welt/abi/device.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/mode.h>
#include <welt/abi/parameters.h>
#include <welt/abi/trace.h>
#include <welt/abi/vocabulary.h>

#include <array>
#include <cstddef>
#include <memory>
#include <welt/sdk/tensor_box.hpp>

#include "core/plugin/strings.h"
#include "tests/core/base/temp_folder.h"
#include "tests/sdk/toy_images.h"

namespace {

using at::Tensor;
using welt::CallError;
using welt::Component;
using welt::test::error_of;
using welt::test::toy_images;

Component make(nlohmann::json config = {}, std::uint32_t init = WELT_INIT_RANDOM) {
  return Component(toy_images(), welt::ConfigView(toy_images(), std::move(config), true, "test"), init);
}

const welt_image_encoder_v1& images_of(const Component& component) {
  return component.require<welt_image_encoder_v1>(WELT_IMAGE_ENCODER_INTERFACE);
}

struct Encoded {
  std::unique_ptr<welt_tensor> hidden, pooled;
};

Encoded encode(const Component& component, const Tensor& pixels, const Tensor& sizes = {}, bool want_hidden = false) {
  const welt_tensor pixel_box{pixels}, size_box{sizes};
  welt_tensor *hidden = nullptr, *pooled = nullptr;
  CallError error;
  const welt_status status = images_of(component).encode(component.raw(), pixels.defined() ? &pixel_box : nullptr,
                                                         sizes.defined() ? &size_box : nullptr,
                                                         want_hidden ? &hidden : nullptr, &pooled, error.raw());
  Encoded out{std::unique_ptr<welt_tensor>(hidden), std::unique_ptr<welt_tensor>(pooled)};
  EXPECT_EQ(pooled == nullptr, status != WELT_OK) << "outputs are untouched on failure";
  error.check(status, "encoding");
  return out;
}

TEST(ImageComponent, OffersTheTablesOfItsRoleAndOfItsState) {
  const Component toy = make();
  for (const char* id : {WELT_IMAGE_ENCODER_INTERFACE, WELT_PARAMETERS_INTERFACE, WELT_MODE_INTERFACE,
                         WELT_TRACE_INTERFACE, WELT_DEVICE_INTERFACE})
    EXPECT_NE(toy.interface(id), nullptr) << id;
  for (const char* id : {"welt.bytes_encoder/1", WELT_VOCABULARY_INTERFACE, "welt.kv_cache/1", "welt.image_encoder/2"})
    EXPECT_EQ(toy.interface(id), nullptr) << id;
}

TEST(ImageComponent, DescribesItselfAlsoToAnOlderHost) {
  const Component toy = make({{"width", 7}, {"channels", 4}});
  welt_image_encoder_info info{};
  info.struct_size = sizeof info;
  ASSERT_EQ(images_of(toy).describe(toy.raw(), &info, nullptr), WELT_OK);
  EXPECT_EQ(welt::text_of(info.base_prefix), "toy");
  EXPECT_EQ(info.width, 7);
  EXPECT_EQ(info.channels, 4);
  EXPECT_EQ(info.minimum_width, 2);
  EXPECT_EQ(info.images, WELT_IMAGES_RAGGED);
  EXPECT_EQ(info.has_pooler, 0u);
  EXPECT_EQ(info.deviation[3], 1);
  info = {};
  info.struct_size = offsetof(welt_image_encoder_info, channels);
  ASSERT_EQ(images_of(toy).describe(toy.raw(), &info, nullptr), WELT_OK);
  EXPECT_EQ(info.width, 7);
  EXPECT_EQ(info.channels, 0) << "what the host does not know of is left alone";
}

TEST(ImageComponent, ImagesAreHandedOverAndGivenBack) {
  const Component toy = make({{"width", 5}});
  const Tensor pixels = at::randn({2, 3, 4, 6}).set_requires_grad(true);
  const Encoded all = encode(toy, pixels);
  EXPECT_EQ(all.hidden, nullptr);
  EXPECT_EQ(all.pooled->value.sizes(), (at::IntArrayRef{2, 5}));
  all.pooled->value.sum().backward();
  EXPECT_TRUE(pixels.grad().defined()) << "the graph crosses the border";
  EXPECT_EQ(encode(toy, pixels, {}, true).hidden->value.sizes(), (at::IntArrayRef{2, 5, 4, 6}));
  const Tensor sizes = at::tensor({4, 6, 2, 3}, at::kLong).view({2, 2});
  const Tensor ragged = encode(toy, pixels, sizes).pooled->value;
  EXPECT_LT((ragged[0] - all.pooled->value[0]).abs().max().item<double>(), 1e-6);
  const Tensor small = encode(toy, pixels.narrow(0, 1, 1).narrow(2, 0, 2).narrow(3, 0, 3)).pooled->value;
  EXPECT_LT((ragged[1] - small[0]).abs().max().item<double>(), 1e-6);
}

TEST(ImageComponent, BadImagesAndSizesAreRefusedInWords) {
  const Component toy = make(), dense = make({{"ragged", false}}), unbound = make({}, WELT_INIT_NONE);
  const Tensor pixels = at::randn({2, 3, 4, 6});
  const auto sizes = [](std::int64_t height, std::int64_t width) {
    return at::tensor({2L, 2L, height, width}, at::kLong).view({2, 2});
  };
  const auto refusal = [&](const Component& component, const Tensor& images, const Tensor& all = {}) {
    return error_of([&] { encode(component, images, all); });
  };
  EXPECT_CONTAINS(refusal(toy, {}), "pixels is null");
  EXPECT_CONTAINS(refusal(toy, at::randn({2, 3, 4})), "3 dimensions");
  EXPECT_CONTAINS(refusal(toy, at::randn({2, 1, 4, 6})), "1 channels; the model has 3");
  EXPECT_CONTAINS(refusal(toy, at::randn({2, 3, 4, 1})), "4x1 pixels (height x width); expected at least 2x2");
  EXPECT_CONTAINS(refusal(toy, pixels, sizes(4, 1)), "image 1 is 4x1 pixels");
  EXPECT_CONTAINS(refusal(toy, pixels, sizes(5, 6)), "image 1 is 5x6 pixels (height x width), but only 4x6");
  EXPECT_CONTAINS(refusal(toy, pixels, sizes(-1, 6)), "image 1 is -1x6");
  EXPECT_CONTAINS(refusal(toy, pixels, sizes(4, 6).to(at::kInt)), "I64 [2, 2]");
  EXPECT_CONTAINS(refusal(toy, pixels, sizes(4, 6).narrow(0, 0, 1)), "I64 [2, 2]");
  EXPECT_CONTAINS(refusal(dense, pixels, sizes(4, 6)), "images of one size at a time");
  EXPECT_CONTAINS(refusal(unbound, pixels), "\"weight\" has no values yet");
  const welt_tensor box{pixels};
  EXPECT_EQ(images_of(toy).encode(toy.raw(), &box, nullptr, nullptr, nullptr, nullptr), WELT_INVALID_ARGUMENT);
}

TEST(Conv2d, TilesAreAMatrixProductEqualToTheConvolution) {
  const at::TensorOptions options(at::kDouble);
  for (const bool with_bias : {true, false}) {
    welt::nn::Conv2d conv(3, 5, {.kernel = {2, 4}, .stride = {2, 4}, .bias = with_bias}, options, 0.5);
    conv.initialise();
    EXPECT_EQ(conv.slots().size(), with_bias ? 2u : 1u);
    if (with_bias) conv.bias.detach().normal_();
    const Tensor x = at::randn({2, 3, 6, 12}, options).set_requires_grad(true);
    const Tensor out = conv(x);
    const Tensor expected = at::conv2d(x, conv.weight, conv.bias, std::array<std::int64_t, 2>{2, 4});
    EXPECT_EQ(out.sizes(), (at::IntArrayRef{2, 5, 3, 3}));
    EXPECT_LT((out - expected).abs().max().item<double>(), 1e-13);
    EXPECT_TRUE(out.flatten(2).transpose(1, 2).is_contiguous()) << "tokens without a copy";
    const Tensor w = at::randn(out.sizes(), options);
    (out * w).sum().backward();
    const Tensor by_x = x.grad().clone(), by_weight = conv.weight.grad().clone();
    x.mutable_grad() = conv.weight.mutable_grad() = Tensor();
    (expected * w).sum().backward();
    EXPECT_LT((x.grad() - by_x).abs().max().item<double>(), 1e-13);
    EXPECT_LT((conv.weight.grad() - by_weight).abs().max().item<double>(), 1e-12);
  }
}

TEST(Conv2d, StridePaddingDilationAndGroupsAreThoseOfConv2d) {
  const at::TensorOptions options(at::kDouble);
  const auto check = [&](const welt::nn::Conv2d::Shape& shape, at::IntArrayRef image, at::IntArrayRef expected) {
    welt::nn::Conv2d conv(4, 6, shape, options, 0.5);
    conv.initialise();
    EXPECT_EQ(conv.weight.sizes(), (at::IntArrayRef{6, 4 / shape.groups, shape.kernel.height, shape.kernel.width}));
    const Tensor x = at::randn(image, options);
    const std::array stride{shape.stride.height, shape.stride.width};
    const std::array padding{shape.padding.height, shape.padding.width};
    const std::array dilation{shape.dilation.height, shape.dilation.width};
    const Tensor by_torch = at::conv2d(x, conv.weight, conv.bias, stride, padding, dilation, shape.groups);
    EXPECT_EQ(conv(x).sizes(), expected);
    EXPECT_LT((conv(x) - by_torch).abs().max().item<double>(), 1e-13);
  };
  check({.kernel = {3, 3}, .stride = {2, 1}, .padding = {1, 1}}, {2, 4, 7, 9}, {2, 6, 4, 9});
  check({.kernel = {3, 1}, .padding = {1, 0}, .groups = 2}, {1, 4, 5, 5}, {1, 6, 5, 5});
  check({.kernel = {2, 2}, .stride = {2, 2}}, {1, 4, 5, 4}, {1, 6, 2, 2});  // a row is left over
  check({.kernel = {2, 2}, .stride = {2, 2}, .groups = 2}, {1, 4, 4, 4}, {1, 6, 2, 2});
  check({.kernel = {3, 3}, .padding = {2, 4}, .dilation = {2, 4}}, {1, 4, 5, 6}, {1, 6, 5, 6});
  check({.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 2}}, {1, 4, 4, 4}, {1, 6, 2, 1});
}

}  // namespace
