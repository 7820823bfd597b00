// Grey word images against the image processors of transformers: tests/goldens/images, made by make_images.py there.
#include "core/model/pixels.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/max.h>
#include <gtest/gtest.h>

#include <map>

#include "core/base/file.h"
#include "core/tensor/image_buckets.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/base/temp_folder.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;

const fs::path goldens = fs::path(WELT_TEST_DATA) / "images";

// The images of grey.safetensors by size, row i being image i.
std::vector<ImageGroup> grey_groups() {
  const SafetensorsFile file = SafetensorsFile::open(goldens / "grey.safetensors");
  std::map<std::pair<std::int64_t, std::int64_t>, ImageGroup> groups;
  for (std::int64_t i = 0; file.find("grey." + std::to_string(i)) != nullptr; ++i) {
    const SafetensorsEntry& entry = *file.find("grey." + std::to_string(i));
    ImageGroup& group = groups[{entry.shape[0], entry.shape[1]}];
    group.height = entry.shape[0], group.width = entry.shape[1];
    group.rows.push_back(i);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(entry.data.data());
    group.grey.insert(group.grey.end(), bytes, bytes + entry.data.size());
  }
  std::vector<ImageGroup> out;
  for (auto& [size, group] : groups) out.push_back(std::move(group));
  return out;
}

PaddedImages padded(const std::vector<ImageGroup>& groups, const PixelNormalisation& pixels, at::ScalarType type) {
  std::vector<at::Tensor> normalised;
  std::vector<std::vector<std::int64_t>> rows;
  for (const ImageGroup& group : groups) {
    normalised.push_back(normalise_images(group, pixels, 3, type));
    rows.push_back(group.rows);
  }
  return pad_images(normalised, rows);
}

class PixelsParity : public testing::TestWithParam<const char*> {};

// The processors compute in float32, in one to three roundings of values up to 5: three units of the last place.
TEST_P(PixelsParity, RescaledNormalisedAndPaddedAsTransformersDoes) {
  constexpr double tolerance = 3 * 4.8e-7;
  const fs::path folder = goldens / GetParam();
  const PixelNormalisation pixels = read_image_processor(folder / "preprocessor_config.json");
  const SafetensorsFile file = SafetensorsFile::open(folder / "expected.safetensors");
  const at::Tensor expected = copied_tensor(file, *file.find("pixel_values"), at::kDouble);
  const double largest = at::max(at::abs(expected)).item<double>();
  ASSERT_LE(largest, 5.0);
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::Tensor found = padded(grey_groups(), pixels, type).pixels;
    ASSERT_EQ(found.sizes(), expected.sizes());
    EXPECT_EQ(found.scalar_type(), type);
    EXPECT_LE(at::max(at::abs(found.to(at::kDouble) - expected)).item<double>(), tolerance);
  }
}
INSTANTIATE_TEST_SUITE_P(Images, PixelsParity,
                         testing::Values("vit", "vit-fast", "vit-not-normalised", "vit-not-rescaled", "swin-imagenet",
                                         "clip", "siglip-doubled"));

TEST(Pixels, PaddedImagesComeApartAgain) {
  const std::vector<ImageGroup> groups = grey_groups();
  const PixelNormalisation pixels{.mean = {0.5}, .deviation = {0.5}};
  const PaddedImages all = padded(groups, pixels, at::kFloat);
  const ImageBuckets buckets(all.pixels, all.sizes, "test");
  ASSERT_EQ(buckets.count(), groups.size());
  std::size_t found = 0;
  for (std::size_t i = 0; i < buckets.count(); ++i) {
    const at::Tensor batch = buckets.batch(i);
    for (const ImageGroup& group : groups) {
      if (batch.size(2) != group.height || batch.size(3) != group.width) continue;
      EXPECT_TRUE(at::equal(batch, normalise_images(group, pixels, 3, at::kFloat)));
      ++found;
    }
  }
  EXPECT_EQ(found, groups.size());
  EXPECT_EQ(all.pixels[1][0][15][0].item<float>(), 0.0F);  // image 1 is 8 × 16: padding
}

TEST(Pixels, ChannelsMayDifferOrShareAValue) {
  const ImageGroup image{1, 2, {0}, {0, 255}};
  const at::Tensor out =
      normalise_images(image, {.scale = 1.0 / 255, .mean = {0, 0.25, 0}, .deviation = {2}}, 3, at::kDouble);
  const std::vector<double> expected = {0, 0.5, -0.125, 0.375, 0, 0.5};
  EXPECT_EQ(std::vector<double>(out.data_ptr<double>(), out.data_ptr<double>() + 6), expected);
  const at::Tensor half = normalise_images(image, {.mean = {0}, .deviation = {1}}, 1, at::kBFloat16);
  EXPECT_EQ(half.scalar_type(), at::kBFloat16);
  EXPECT_EQ(half[0][0][0][1].item<double>(), 1.0);
}

PixelNormalisation read(const std::string& config) {
  const TempFolder folder;
  write_file(folder / "preprocessor_config.json", config);
  return read_image_processor(folder / "preprocessor_config.json");
}

TEST(ImageProcessor, ResizingCroppingAndColoursAreReadOver) {
  const PixelNormalisation pixels = read(R"({"do_resize": true, "size": {"height": 224, "width": 224}, "resample": 2,
      "do_center_crop": true, "crop_size": 224, "do_convert_rgb": true, "image_mean": 0.25, "image_std": [1, 2, 3],
      "rescale_factor": null})");
  EXPECT_EQ(pixels.scale, 1.0 / 255.0);
  EXPECT_EQ(pixels.mean, std::vector<double>{0.25});
  EXPECT_EQ(pixels.deviation, (std::vector<double>{1, 2, 3}));
}

TEST(ImageProcessor, WhatIsAbsentIsThePluginsOrTheClasss) {
  EXPECT_TRUE(read(R"({"image_processor_type": "ViTImageProcessor", "do_normalize": null})").mean.empty());
  EXPECT_EQ(read(R"({"image_processor_type": "CLIPImageProcessorFast"})").mean.at(0), 0.48145466);
  EXPECT_EQ(read(R"({"image_processor_type": "CLIPImageProcessor", "image_mean": [0.5]})").mean,
            std::vector<double>{0.5});
}

TEST(ImageProcessor, StepsThatWordsDoNotGoThroughAreRefused) {
  for (const char* key : {"offset", "rescale_offset", "do_pad"}) {
    const std::string on = fmt::format(R"({{"{}": true}})", key), off = fmt::format(R"({{"{}": false}})", key);
    EXPECT_CONTAINS(error_of([&] { read(on); }), std::string(key) + ": ");
    EXPECT_EQ(read(off).scale, 1.0 / 255.0);
  }
  EXPECT_CONTAINS(error_of([] { read(R"({"image_std": [0.5, 0, 0.5]})"); }), "image_std");
  EXPECT_CONTAINS(error_of([] { read(R"({"rescale_factor": 0})"); }), "rescale_factor");
  EXPECT_CONTAINS(error_of([] { read(R"({"image_mean": "grey"})"); }), "wrong type");
}

}  // namespace
}  // namespace welt::test
