// The SDK's adapter: a plain class behind welt.renderer/1, with every wrong call fenced.
#include <welt/sdk/renderer.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace {

using namespace welt::sdk;

int living_states = 0;

// n bytes are n + 1 columns, one row; the pixels count up.
struct Columns {
  struct State {
    State() { ++living_states; }
    ~State() { --living_states; }
    int drawn = 0;
  };
  static Descriptor descriptor() { return {.id = "columns", .description = "for tests"}; }
  static Schema schema() { return {}; }
  explicit Columns(const Config&) {}
  std::int64_t block() const { return 1; }
  std::unique_ptr<State> make_state() const { return std::make_unique<State>(); }
  ImageSize measure(State&, std::string_view word) const {
    if (word == "bad") throw invalid("a bad word");
    if (word == "worse") throw std::runtime_error("worse");
    return {1, static_cast<std::int64_t>(word.size()) + 1};
  }
  void render(State& state, std::string_view, const Canvas& canvas) const {
    ++state.drawn;
    std::uint8_t grey = 0;
    for (std::int64_t y = 0; y < canvas.height(); ++y) {
      for (std::uint8_t& pixel : canvas.row(y)) pixel = grey++;
    }
  }
  std::string_view fingerprint() const { return "columns 1"; }
};

// The same, and it tells that each byte is a glyph of one font.
struct Letters : Columns {
  using Columns::Columns;
  std::vector<Glyph> glyphs(State&, std::string_view word) const {
    std::vector<Glyph> out;
    for (const char byte : word) {
      out.push_back({0, static_cast<std::uint32_t>(byte), static_cast<std::int32_t>(out.size()), 1});
    }
    return out;
  }
  std::string_view font_name(std::uint32_t font) const { return font == 0 ? "letters" : ""; }
};

class SdkRenderer : public testing::Test {
 protected:
  SdkRenderer() : held_(Config(nullptr), WELT_INIT_NONE) {
    table_ = static_cast<const welt_renderer_v1*>(held_.get_interface(&held_, to_abi(WELT_RENDERER_INTERFACE)));
    EXPECT_EQ(table_->make_state(&held_, &state_, nullptr), WELT_OK);
  }
  ~SdkRenderer() override {
    table_->release_state(&held_, state_);
    table_->release_state(&held_, nullptr);
    EXPECT_EQ(living_states, 0);
  }
  welt_status render(std::string_view word, std::uint8_t* pixels, std::int64_t height, std::int64_t width,
                     std::int64_t stride) {
    return table_->render(&held_, state_, to_abi(word), pixels, height, width, stride, nullptr);
  }

  welt::sdk::detail::Held<Renderer<Columns>> held_;
  const welt_renderer_v1* table_ = nullptr;
  welt_renderer_state* state_ = nullptr;
};

TEST_F(SdkRenderer, RoleAndTableComeFromTheAdapter) {
  EXPECT_EQ(Renderer<Columns>::descriptor().roles, std::vector<std::string>{WELT_RENDERER_INTERFACE});
  EXPECT_EQ(held_.get_interface(&held_, to_abi("welt.segmenter/1")), nullptr);
  EXPECT_EQ(table_->struct_size, sizeof(welt_renderer_v1));
  EXPECT_EQ(table_->block(&held_), 1);
  EXPECT_EQ(from_abi(table_->fingerprint(&held_)), "columns 1");
}

TEST_F(SdkRenderer, DrawsRowsWithAStrideAndNothingBeside) {
  std::vector<std::uint8_t> pixels(8, 99);
  EXPECT_EQ(render("abc", pixels.data(), 1, 4, 6), WELT_OK);
  EXPECT_EQ(pixels, (std::vector<std::uint8_t>{0, 1, 2, 3, 99, 99, 99, 99}));
}

TEST_F(SdkRenderer, WrongSizesAndNullsAreRefusedBeforeDrawing) {
  std::vector<std::uint8_t> pixels(8, 99);
  EXPECT_EQ(render("abc", pixels.data(), 1, 3, 6), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(render("abc", pixels.data(), 2, 4, 6), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(render("abc", pixels.data(), 1, 4, 3), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(render("abc", nullptr, 1, 4, 4), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(table_->render(&held_, nullptr, to_abi("a"), pixels.data(), 1, 2, 2, nullptr), WELT_INVALID_ARGUMENT);
  std::int64_t height = -1, width = -1;
  EXPECT_EQ(table_->measure(&held_, state_, to_abi("a"), nullptr, &width, nullptr), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(table_->measure(&held_, nullptr, to_abi("a"), &height, &width, nullptr), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(table_->make_state(&held_, nullptr, nullptr), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(pixels, std::vector<std::uint8_t>(8, 99));
  EXPECT_EQ(height, -1);
}

TEST_F(SdkRenderer, WhatAClassLeavesOutIsNull) {
  EXPECT_EQ(table_->glyphs, nullptr);
  EXPECT_EQ(table_->font_name, nullptr);
}

TEST(SdkGlyphs, AreWrittenUpToTheCapacityAndAllCounted) {
  welt::sdk::detail::Held<Renderer<Letters>> held(Config(nullptr), WELT_INIT_NONE);
  const auto* table = static_cast<const welt_renderer_v1*>(held.get_interface(&held, to_abi(WELT_RENDERER_INTERFACE)));
  welt_renderer_state* state = nullptr;
  ASSERT_EQ(table->make_state(&held, &state, nullptr), WELT_OK);
  std::vector<Glyph> out(3, {9, 9, 9, 9});
  std::uint64_t count = 0;
  EXPECT_EQ(table->glyphs(&held, state, to_abi("abc"), out.data(), 2, &count, nullptr), WELT_OK);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(out[1].glyph, static_cast<std::uint32_t>('b'));
  EXPECT_EQ(out[1].x, 1);
  EXPECT_EQ(out[2].glyph, 9u);
  EXPECT_EQ(table->glyphs(&held, state, to_abi("ab"), nullptr, 0, &count, nullptr), WELT_OK);
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(table->glyphs(&held, state, to_abi("ab"), nullptr, 1, &count, nullptr), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(table->glyphs(&held, nullptr, to_abi("ab"), nullptr, 0, &count, nullptr), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(table->glyphs(&held, state, to_abi("ab"), nullptr, 0, nullptr, nullptr), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(from_abi(table->font_name(&held, 0)), "letters");
  EXPECT_EQ(from_abi(table->font_name(&held, 1)), "");
  table->release_state(&held, state);
}

TEST_F(SdkRenderer, WhateverIsThrownBecomesAStatusAndOutputsStay) {
  std::int64_t height = -1, width = -1;
  EXPECT_EQ(table_->measure(&held_, state_, to_abi("bad"), &height, &width, nullptr), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(table_->measure(&held_, state_, to_abi("worse"), &height, &width, nullptr), WELT_INTERNAL);
  EXPECT_EQ(height, -1);
  EXPECT_EQ(width, -1);
  EXPECT_EQ(table_->measure(&held_, state_, welt_string{}, &height, &width, nullptr), WELT_OK);
  EXPECT_EQ(width, 1);
}

}  // namespace
