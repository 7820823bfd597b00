// Rows that the bytes encoder and the decoder run over: no padding, ordered by length, every target once.
#include "core/model/step_plan.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace welt {
namespace {

using Ids = std::vector<std::int64_t>;

Batch two_rows() {  // row 0: BOS "ab" "c"; row 1: BOS, pad, pad
  Batch batch;
  batch.rows = 2;
  batch.words = 3;
  for (const char* word : {"\x02", "ab", "c", ""}) {
    for (const char* p = word; *p; ++p) batch.table.bytes.push_back(static_cast<std::uint8_t>(*p));
    batch.table.offsets.push_back(static_cast<std::int64_t>(batch.table.bytes.size()));
  }
  batch.input = {0, 1, 2, 0, -1, -1};
  batch.label = {1, 2, 3, 3, -1, -1};
  return batch;
}

TEST(StepPlan, EncodesEachDistinctInputWordOnce) {
  const StepPlan plan = plan_step(two_rows(), 8192);
  EXPECT_EQ(plan.words.offsets, (Ids{0, 3, 6, 10}));  // the empty word is only a label
  EXPECT_EQ(plan.words.ids, (Ids{2, 2, 3, 2, 'c', 3, 2, 'a', 'b', 3}));
  EXPECT_EQ(plan.latent.word_row, (Ids{0, 2, 1, 0, -1, -1}));
  EXPECT_TRUE(plan.words.visible.empty());
  EXPECT_TRUE(plan.words.images.empty());
}

TEST(StepPlan, DecodesLabelledPositionsOnly) {
  const DecoderPlan plan = plan_decoder(two_rows(), 8192);
  EXPECT_EQ(plan.positions, (Ids{2, 3, 1, 0}));  // empty, empty, "c", "ab"
  ASSERT_EQ(plan.chunks.size(), 1U);
  const DecoderChunk& chunk = plan.chunks[0];
  EXPECT_EQ(chunk.offsets, (Ids{0, 2, 4, 7, 11}));
  EXPECT_EQ(chunk.ids, (Ids{256, 2, 257, 2, 258, 2, 'c', 259, 2, 'a', 'b'}));
  EXPECT_EQ(chunk.predictors, (Ids{1, 3, 5, 6, 8, 9, 10}));
  EXPECT_EQ(chunk.targets, (Ids{3, 3, 'c', 3, 'a', 'b', 3}));
  EXPECT_EQ(chunk.target_row, (Ids{0, 1, 2, 2, 3, 3, 3}));
}

// A smile is two units in UTF-16 and one code point; as UTF-8 it would be the longest of the rows.
Batch smile_and_letters(Encoding encoding) {
  Batch batch;
  batch.rows = 1;
  batch.words = 2;
  batch.table.units = Units(encoding);
  for (const char* word : {"abc", "\U0001F600"}) batch.table.add(word);
  batch.input = {0, 1};
  batch.label = {1, -1};
  return batch;
}

TEST(StepPlan, UnitsStandInRowsAsTheirBytes) {
  const StepPlan pairs = plan_step(smile_and_letters(Encoding::utf16), 8192);
  EXPECT_EQ(pairs.words.offsets, (Ids{0, 4, 9}));
  EXPECT_EQ(pairs.words.ids, (Ids{2, 0, 0x3D, 0xD8, 0, 0xDE, 3, 0, 2, 0, 'a', 0, 'b', 0, 'c', 0, 3, 0}));
  const DecoderChunk& chunk = pairs.decoder.chunks.at(0);
  EXPECT_EQ(chunk.ids, (Ids{256, 257, 2, 0, 0x3D, 0xD8, 0, 0xDE}));
  EXPECT_EQ(chunk.offsets, (Ids{0, 4}));
  EXPECT_EQ(chunk.predictors, (Ids{1, 2, 3}));
  EXPECT_EQ(chunk.targets, (Ids{0x3D, 0xD8, 0, 0xDE, 3, 0}));
  EXPECT_EQ(chunk.target_row, (Ids{0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(pairs.decoder.text_bytes, 4);
  const StepPlan points = plan_step(smile_and_letters(Encoding::utf32), 8192);
  EXPECT_EQ(points.words.offsets, (Ids{0, 3, 8}));
  EXPECT_EQ(points.decoder.chunks.at(0).ids, (Ids{256, 257, 258, 259, 2, 0, 0, 0, 0, 0xF6, 1, 0}));
  EXPECT_EQ(points.decoder.chunks.at(0).targets, (Ids{0, 0xF6, 1, 0, 3, 0, 0, 0}));
  EXPECT_EQ(points.decoder.text_bytes, 4);
}

TEST(StepPlan, OfUnitsOnlyTheUnitNulIsPaddingNotItsBytes) {
  Batch batch;
  batch.rows = 1;
  batch.words = 2;
  batch.table.units = Units(Encoding::utf16);
  batch.table.nul_is_padding = true;
  batch.table.add(std::string_view("a\0", 2));
  batch.input = {0, 0};
  batch.label = {0, -1};
  const StepPlan plan = plan_step(batch, 8192);
  EXPECT_EQ(plan.words.visible, (std::vector<std::uint8_t>{1, 1, 0, 1}));
  const DecoderChunk& chunk = plan.decoder.chunks.at(0);
  EXPECT_EQ(chunk.visible, (std::vector<std::uint8_t>{1, 1, 1, 0}));
  EXPECT_EQ(chunk.predictors, (Ids{1, 3}));
  EXPECT_EQ(chunk.targets, (Ids{'a', 0, 3, 0}));
}

TEST(StepPlan, ChunksHoldWholeRowsEvenWhenARowIsLongerThanTheChunk) {
  const DecoderPlan plan = plan_decoder(two_rows(), 4);
  ASSERT_EQ(plan.chunks.size(), 3U);
  EXPECT_EQ(plan.chunks[0].rows, 2);
  EXPECT_EQ(plan.chunks[1].rows, 1);
  EXPECT_EQ(plan.chunks[2].first_latent, 3);
  std::int64_t tokens = 0;
  for (const DecoderChunk& chunk : plan.chunks) tokens += static_cast<std::int64_t>(chunk.ids.size());
  EXPECT_EQ(tokens, plan.tokens);
}

TEST(StepPlan, BatchWithoutLabelsHasNoChunks) {
  Batch batch = two_rows();
  std::fill(batch.label.begin(), batch.label.end(), -1);
  EXPECT_TRUE(plan_decoder(batch, 8192).chunks.empty());
}

TEST(StepPlan, ImagesOfOneSizeStandTogetherInTheOrderOfTheRows) {
  Batch batch = two_rows();
  const auto image = [](std::int64_t width, std::uint8_t grey) {
    return std::make_shared<const GreyImage>(
        GreyImage{.height = 1, .width = width, .pixels = std::vector<std::uint8_t>(width, grey)});
  };
  batch.table.images = {image(2, 10), image(4, 20), image(2, 30), nullptr};
  const WordPlan plan = plan_step(batch, 8192).words;  // rows: BOS, "c", "ab"
  ASSERT_EQ(plan.images.size(), 2U);
  EXPECT_EQ(plan.images[0].width, 2);
  EXPECT_EQ(plan.images[0].rows, (Ids{0, 1}));
  EXPECT_EQ(plan.images[0].grey, (std::vector<std::uint8_t>{10, 10, 30, 30}));
  EXPECT_EQ(plan.images[1].rows, (Ids{2}));
  EXPECT_EQ(plan.images[1].grey.size(), 4U);
}

TEST(StepPlan, NulIsHiddenAndNotLearntWhereItStandsForPadding) {
  Batch batch;
  batch.rows = 1;
  batch.words = 2;
  for (const std::string_view word : {std::string_view("\x02"), std::string_view("a\0b", 3)}) batch.table.add(word);
  batch.input = {0, 1};
  batch.label = {1, -1};
  const StepPlan plain = plan_step(batch, 8192);
  EXPECT_TRUE(plain.words.visible.empty());
  EXPECT_EQ(plain.decoder.chunks.at(0).targets, (Ids{'a', 0, 'b', 3}));
  batch.table.nul_is_padding = true;
  const StepPlan plan = plan_step(batch, 8192);
  EXPECT_EQ(plan.words.visible, (std::vector<std::uint8_t>{1, 1, 1, 1, 1, 0, 1, 1}));
  const DecoderChunk& chunk = plan.decoder.chunks.at(0);
  EXPECT_EQ(chunk.visible, (std::vector<std::uint8_t>{1, 1, 1, 0, 1}));
  EXPECT_EQ(chunk.predictors, (Ids{1, 3, 4}));
  EXPECT_EQ(chunk.targets, (Ids{'a', 'b', 3}));
}

}  // namespace
}  // namespace welt
