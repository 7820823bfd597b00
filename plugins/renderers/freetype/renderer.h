// The renderer "freetype" behind welt.renderer/1: one immutable set of fonts per component, one State per thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <welt/sdk/renderer.hpp>

#include "font_set.h"
#include "glyph_cache.h"
#include "layout.h"
#include "missing_glyph.h"
#include "settings.h"
#include "signs.h"

namespace welt::freetype {

class FreetypeRenderer {
 public:
  static sdk::Descriptor descriptor();
  using Settings = freetype::Settings;

  explicit FreetypeRenderer(const sdk::Config& config);

  // What one thread draws with. The last layout is kept, because a word is measured before it is drawn.
  class State {
   public:
    explicit State(const FreetypeRenderer& renderer);
    const Layout& layout_of(std::string_view word);
    const GlyphPicture& picture_of(const PlacedGlyph& glyph) { return glyphs_.get(glyph.font, glyph.glyph); }

   private:
    const FreetypeRenderer& renderer_;
    LayoutMaker maker_;
    GlyphCache glyphs_;
    std::vector<SignSymbol> symbols_;
    Layout layout_;
    std::string word_;
    bool has_layout_ = false;
  };

  std::int64_t block() const { return settings_.block; }
  std::unique_ptr<State> make_state() const { return std::make_unique<State>(*this); }
  sdk::ImageSize measure(State& state, std::string_view word) const { return state.layout_of(word).size; }
  void render(State& state, std::string_view word, const sdk::Canvas& canvas) const;
  std::string_view fingerprint() const { return fingerprint_; }
  std::vector<sdk::Glyph> glyphs(State& state, std::string_view word) const;
  std::string_view font_name(std::uint32_t font) const;  // "NotoSans-Regular.ttf#0"

 private:
  // Counts characters that no font has; says so at the first, the tenth, the hundredth, …
  void report_missing(const Layout& layout) const;
  std::string make_fingerprint() const;
  void draw_sign(State& state, const Layout& layout, const sdk::Canvas& canvas) const;

  Settings settings_;
  FontSet fonts_;
  MissingGlyph missing_;
  std::string fingerprint_;
  std::vector<std::string> font_names_;
  mutable std::atomic<std::uint64_t> boxes_{0};
};

}  // namespace welt::freetype
