// See renderer.h.
#include "renderer.h"

#include <unicode/uversion.h>
#include <welt/abi/log.h>

#include <algorithm>
#include <cstdio>

#include <welt/common/sha256.h>
#include "sign_paper.h"

namespace welt::freetype {
namespace {

// Rises with every change of this plugin that may change a pixel.
constexpr int pixels_version = 2;

std::string freetype_version() {
  const FtLibrary library = open_freetype();
  FT_Int major = 0, minor = 0, patch = 0;
  FT_Library_Version(library.get(), &major, &minor, &patch);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::string icu_version() {
  UVersionInfo version;
  u_getVersion(version);
  char text[U_MAX_VERSION_STRING_LENGTH];
  u_versionToString(version, text);
  return text;
}

std::string hexadecimal(char32_t character) {
  char text[12];
  std::snprintf(text, sizeof(text), "U+%04X", static_cast<unsigned>(character));
  return text;
}

}  // namespace

sdk::Descriptor FreetypeRenderer::descriptor() {
  return {.id = "freetype",
          .description = "HarfBuzz shaping, FreeType outlines without hinting, Noto fonts by default"};
}

FreetypeRenderer::FreetypeRenderer(const sdk::Config& config)
    : settings_(config),
      fonts_(settings_),
      missing_(settings_.font_px, fonts_[0].ascent(), fonts_[0].descent()),
      fingerprint_(make_fingerprint()) {
  for (std::size_t font = 0; font < fonts_.size(); ++font) {
    font_names_.push_back(fonts_[font].file().name + "#" + std::to_string(fonts_[font].file().face));
  }
}

std::string FreetypeRenderer::make_fingerprint() const {
  const std::string libraries =
      "harfbuzz " + std::string(hb_version_string()) + ", freetype " + freetype_version() + ", icu " + icu_version();
  Sha256 hash;
  hash.add("freetype renderer " + std::to_string(pixels_version) + "\n" + libraries + "\nblock " +
           std::to_string(settings_.block) + "\nfont_px " + std::to_string(settings_.font_px) + "\nmax_width " +
           std::to_string(settings_.max_width) + "\n" + fonts_.description());
  return "freetype/" + std::to_string(pixels_version) + " (" + libraries + ", " + fonts_.counts() + " fonts) " +
         hash.finish();
}

void FreetypeRenderer::render(State& state, std::string_view word, const sdk::Canvas& canvas) const {
  const Layout& layout = state.layout_of(word);
  const Paper paper(canvas);
  if (layout.sign) draw_sign(state, layout, canvas);
  for (const PlacedGlyph& glyph : layout.glyphs) {
    if (glyph.font == FontSet::none) {
      missing_.draw(paper, glyph.glyph, glyph.x, glyph.y);
    } else if (!layout.sign) {
      paper.stamp(state.picture_of(glyph), glyph.x, glyph.y);
    }
  }
}

std::vector<sdk::Glyph> FreetypeRenderer::glyphs(State& state, std::string_view word) const {
  std::vector<sdk::Glyph> out;
  for (const PlacedGlyph& glyph : state.layout_of(word).glyphs) {
    out.push_back({.font = glyph.font == FontSet::none ? WELT_RENDERER_NO_FONT : glyph.font,
                   .glyph = glyph.glyph,
                   .x = static_cast<std::int32_t>(glyph.x),
                   .y = static_cast<std::int32_t>(glyph.y)});
  }
  return out;
}

std::string_view FreetypeRenderer::font_name(std::uint32_t font) const {
  return font < font_names_.size() ? std::string_view(font_names_[font]) : std::string_view();
}

void FreetypeRenderer::draw_sign(State& state, const Layout& layout, const sdk::Canvas& canvas) const {
  SignPaper sign(*layout.sign);
  for (const PlacedGlyph& glyph : layout.glyphs) {
    if (glyph.font == FontSet::none) continue;
    const std::uint8_t grey = glyph.font == fonts_.sign_lines() ? 0 : 255;
    sign.stamp(state.picture_of(glyph), glyph.x, glyph.y, grey);
  }
  sign.put_on(canvas);
}

void FreetypeRenderer::report_missing(const Layout& layout) const {
  for (const PlacedGlyph& glyph : layout.glyphs) {
    if (glyph.font != FontSet::none) continue;
    const std::uint64_t count = ++boxes_;
    std::uint64_t power = 1;
    while (power < count) power *= 10;
    if (power != count) continue;
    sdk::log(WELT_LOG_INFO, "no font has " + hexadecimal(glyph.glyph) +
                                ": it is drawn as a box with its number; boxes so far: " + std::to_string(count));
  }
}

FreetypeRenderer::State::State(const FreetypeRenderer& renderer)
    : renderer_(renderer),
      maker_(renderer.settings_, renderer.fonts_, renderer.missing_),
      glyphs_(renderer.fonts_, static_cast<std::size_t>(renderer.settings_.cache_mb) << 20) {}

const Layout& FreetypeRenderer::State::layout_of(std::string_view word) {
  if (!has_layout_ || word != word_) {
    has_layout_ = false;  // also when the word is refused
    if (renderer_.fonts_.draws_signs() && read_sign(word, symbols_)) {
      lay_out_sign(symbols_, renderer_.settings_, renderer_.fonts_, glyphs_, layout_);
    } else {
      maker_.lay_out(word, layout_);
    }
    renderer_.report_missing(layout_);
    word_ = word;
    has_layout_ = true;
  }
  return layout_;
}

}  // namespace welt::freetype
