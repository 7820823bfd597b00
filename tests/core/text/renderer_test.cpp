// The host's side of a renderer: states are never shared, wrong answers of a plugin are caught, errors name the byte.
#include "core/text/renderer.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/core/base/temp_folder.h"
#include "tests/core/text/toy_renderer.h"

namespace welt::test {
namespace {

TEST(Renderer, DrawsAndKeepsOneStateForOneThread) {
  ToyRenderer toy;
  const ToyComponent component(WELT_RENDERER_INTERFACE, &toy.table, &toy);
  {
    const Renderer renderer(*component);
    EXPECT_EQ(renderer.block(), 4);
    EXPECT_EQ(renderer.fingerprint(), "toy");
    EXPECT_EQ(toy.states, 0);  // none before the first word
    const GreyImage image = renderer.render("abc");
    EXPECT_EQ(image.height, 4);
    EXPECT_EQ(image.width, 16);
    EXPECT_EQ(image.pixels, std::vector<std::uint8_t>(64, 'a'));
    EXPECT_EQ(renderer.render("").width, 4);
    EXPECT_EQ(toy.states, 1);
  }
  EXPECT_EQ(toy.living, 0);
}

TEST(Renderer, ThreadsNeverShareAState) {
  ToyRenderer toy;
  toy.pause = std::chrono::microseconds(200);
  const ToyComponent component(WELT_RENDERER_INTERFACE, &toy.table, &toy);
  {
    const Renderer renderer(*component);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&renderer] {
        for (int i = 0; i < 50; ++i) renderer.render("word");
      });
    }
    threads.clear();
    EXPECT_EQ(toy.renders, 300);
    EXPECT_EQ(toy.shared, 0);
    EXPECT_LE(toy.states, 6);
    EXPECT_EQ(toy.living, toy.states);
  }
  EXPECT_EQ(toy.living, 0);
}

TEST(Renderer, TextThatIsNotUtf8NamesTheByte) {
  ToyRenderer toy;
  const ToyComponent component(WELT_RENDERER_INTERFACE, &toy.table, &toy);
  const Renderer renderer(*component);
  const std::string message = error_of([&] { renderer.render("ab\xFFx"); });
  EXPECT_CONTAINS(message, "byte 2 (FF)");
  EXPECT_EQ(toy.renders, 0);
}

TEST(Renderer, FailureOfThePluginLeavesTheStateInThePool) {
  ToyRenderer toy;
  const ToyComponent component(WELT_RENDERER_INTERFACE, &toy.table, &toy);
  const Renderer renderer(*component);
  EXPECT_CONTAINS(error_of([&] { renderer.render("!"); }), "drawing a word");
  EXPECT_EQ(renderer.render("a").width, 8);
  EXPECT_EQ(toy.states, 1);
}

TEST(Renderer, ImpossibleSizesAreRefusedBeforeMemoryIsTaken) {
  ToyRenderer toy;
  const ToyComponent component(WELT_RENDERER_INTERFACE, &toy.table, &toy);
  const Renderer renderer(*component);
  for (const std::int64_t height : {std::int64_t{-4}, std::int64_t{3}, std::int64_t{6}, std::int64_t{1} << 24,
                                    std::int64_t{1} << 40, INT64_MIN, INT64_MAX - 3}) {
    toy.odd_height = height;
    const std::string message = error_of([&] { renderer.render("abc"); });
    EXPECT_CONTAINS(message, "renderer toy");
    EXPECT_CONTAINS(message, std::to_string(height) + " × 16");
    EXPECT_CONTAINS(message, "defect of the plugin");
  }
  EXPECT_EQ(toy.renders, 0);
}

TEST(Renderer, GlyphsAreListedHoweverManyThereAre) {
  ToyRenderer toy;
  const ToyComponent component(WELT_RENDERER_INTERFACE, &toy.table, &toy);
  const Renderer renderer(*component);
  for (const std::uint64_t each : {0, 1, 7}) {
    toy.glyphs_a_byte = each;
    const auto glyphs = renderer.glyphs("abc");
    ASSERT_TRUE(glyphs.has_value());
    ASSERT_EQ(glyphs->size(), 3 * each);
    for (std::size_t i = 0; i < glyphs->size(); ++i) EXPECT_EQ((*glyphs)[i].glyph, i);
  }
  toy.glyphs_a_byte = std::uint64_t{1} << 40;
  EXPECT_CONTAINS(error_of([&] { renderer.glyphs("abc"); }), "glyphs for a word of 3 bytes");
  EXPECT_CONTAINS(error_of([&] { renderer.glyphs("ab\xFF"); }), "byte 2 (FF)");
  EXPECT_EQ(renderer.font_name(0), "toy.ttf#0");
  EXPECT_EQ(renderer.font_name(3), "3");
}

// Plugins built before glyphs() was there have a shorter table.
TEST(Renderer, OlderTablesDrawAndDoNotListGlyphs) {
  ToyRenderer toy;
  toy.table.struct_size = offsetof(welt_renderer_v1, glyphs);
  const ToyComponent component(WELT_RENDERER_INTERFACE, &toy.table, &toy);
  const Renderer renderer(*component);
  EXPECT_EQ(renderer.render("abc").width, 16);
  EXPECT_FALSE(renderer.glyphs("abc").has_value());
  EXPECT_EQ(renderer.font_name(0), "0");
}

TEST(Renderer, GlyphsAnsweredWithUnimplementedAreAsNone) {
  ToyRenderer toy;
  toy.table.glyphs = [](const welt_component*, welt_renderer_state*, welt_string, welt_renderer_glyph*, std::uint64_t,
                        std::uint64_t*, welt_error*) -> welt_status { return WELT_UNIMPLEMENTED; };
  const ToyComponent component(WELT_RENDERER_INTERFACE, &toy.table, &toy);
  EXPECT_FALSE(Renderer(*component).glyphs("abc").has_value());
}

TEST(Renderer, IncompleteOrOddTablesAreRefused) {
  const auto refusal = [](const std::function<void(ToyRenderer&)>& spoil) {
    ToyRenderer toy;
    spoil(toy);
    const ToyComponent component(WELT_RENDERER_INTERFACE, &toy.table, &toy);
    return error_of([&] { Renderer{*component}; });
  };
  EXPECT_CONTAINS(refusal([](ToyRenderer& toy) { toy.block = 0; }), "a block of 0 pixels");
  EXPECT_CONTAINS(refusal([](ToyRenderer& toy) { toy.block = 1 << 20; }), "a block of 1048576 pixels");
  EXPECT_CONTAINS(refusal([](ToyRenderer& toy) { toy.fingerprint = ""; }), "empty fingerprint");
  EXPECT_CONTAINS(refusal([](ToyRenderer& toy) { toy.table.measure = nullptr; }), "its measure is null");
  EXPECT_CONTAINS(refusal([](ToyRenderer& toy) { toy.table.struct_size = 16; }),
                  "it has 16 bytes, which end before make_state");
}

}  // namespace
}  // namespace welt::test
