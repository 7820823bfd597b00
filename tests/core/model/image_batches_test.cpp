// Which images of words are encoded in one call.
#include "core/model/image_batches.h"

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

namespace welt {
namespace {

std::vector<at::Tensor> images(const std::vector<std::pair<std::int64_t, std::int64_t>>& counts_and_widths) {
  std::vector<at::Tensor> groups;
  for (const auto& [count, width] : counts_and_widths) groups.push_back(at::ones({count, 3, 16, width}));
  return groups;
}

TEST(ImageBatches, OneSizeAtATimeIsABatchAGroupAsTheyCome) {
  const std::vector<ImageBatch> batches = image_batches(images({{2, 48}, {1, 16}}), {.ragged = false});
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].groups, std::vector<std::size_t>{0});
  EXPECT_EQ(batches[0].pixels.sizes(), at::IntArrayRef({2, 3, 16, 48}));
  EXPECT_FALSE(batches[0].sizes.defined());
}

TEST(ImageBatches, SizesGoTogetherNarrowOnesFirst) {
  const std::vector<ImageBatch> batches = image_batches(images({{2, 48}, {1, 16}, {3, 32}}), {.ragged = true});
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].groups, (std::vector<std::size_t>{1, 2, 0}));
  EXPECT_EQ(batches[0].pixels.sizes(), at::IntArrayRef({6, 3, 16, 48}));
  EXPECT_EQ(batches[0].pixels.sum().item<double>(), 3 * 16 * (16 + 3 * 32 + 2 * 48));  // the rest is 0
  EXPECT_EQ(batches[0].sizes.select(1, 1).sum().item<std::int64_t>(), 16 + 3 * 32 + 2 * 48);
}

// One long word made the batch as large as if all words were long.
TEST(ImageBatches, ALongWordIsABatchOfItsOwn) {
  const std::vector<ImageBatch> batches = image_batches(images({{1, 1600}, {100, 16}, {50, 32}}), {.ragged = true});
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].groups, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(batches[1].groups, std::vector<std::size_t>{0});
  EXPECT_FALSE(batches[1].sizes.defined());
}

TEST(ImageBatches, NoImagesAreNoBatch) { EXPECT_TRUE(image_batches({}, {.ragged = true}).empty()); }

}  // namespace
}  // namespace welt
