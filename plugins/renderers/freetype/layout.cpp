// See layout.h.
#include "layout.h"

#include <hb-ot.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <array>
#include <new>

#include "word_text.h"

namespace welt::freetype {
namespace {

std::int64_t round_up(std::int64_t value, std::int64_t step) { return (value + step - 1) / step * step; }

// Where the font has the script's baseline `tag`, in 1/1024 pixel above the Latin one: its BASE table, else an
// estimate.
std::int32_t baseline_of(const Font& font, hb_script_t script, hb_ot_layout_baseline_tag_t tag) {
  std::array<hb_tag_t, HB_OT_MAX_TAGS_PER_SCRIPT> tags{};
  unsigned count = tags.size();
  hb_ot_tags_from_script_and_language(script, HB_LANGUAGE_INVALID, &count, tags.data(), nullptr, nullptr);
  hb_position_t baseline = 0;
  hb_ot_layout_get_baseline_with_fallback(font.shaper(), tag, HB_DIRECTION_LTR,
                                          count > 0 ? tags[count - 1] : HB_TAG_NONE, HB_TAG_NONE, &baseline);
  return baseline;
}

}  // namespace

LayoutMaker::LayoutMaker(const Settings& settings, const FontSet& fonts, const MissingGlyph& missing)
    : settings_(settings), fonts_(fonts), missing_(missing), itemizer_(fonts), buffer_(hb_buffer_create()) {}

void LayoutMaker::lay_out(std::string_view word, Layout& out) {
  decode_word(word, word_);
  itemizer_.split(word_, runs_, lines_);
  out.glyphs.clear();
  out.sign.reset();
  shaped_.clear();
  for (const Line& line : lines_) shaped_.push_back(shape_line(line, out));
  place_lines(out);
}

// From lines of their own to pixels of the image.
void LayoutMaker::place_lines(Layout& out) const {
  std::int64_t width = 0, height = 0;
  for (const ShapedLine& line : shaped_) {
    width = std::max(width, line.width);
    height += line.ascent + line.descent;
  }
  const std::int64_t text_height = (height + unit - 1) >> 10;
  const std::int64_t full_width = round_up(width + 2 * side_margin, settings_.block);
  out.size = {settings_.block, std::min(full_width, settings_.max_width)};
  // The beginning of a text is what matters when it is cut.
  const bool from_right = full_width > settings_.max_width && shaped_.front().right_to_left;
  const std::int64_t left = from_right ? out.size.width - side_margin - width : side_margin;
  const std::int64_t top = (settings_.block - text_height) >> 1;
  std::int64_t above = 0;  // of all lines so far, 1/1024 pixel
  for (std::size_t i = 0; i < shaped_.size(); ++i) {
    const ShapedLine& line = shaped_[i];
    const std::int64_t indent = left + (line.right_to_left ? width - line.width : 0);
    const std::size_t end = i + 1 < shaped_.size() ? shaped_[i + 1].first_glyph : out.glyphs.size();
    for (std::size_t g = line.first_glyph; g < end; ++g) {
      PlacedGlyph& glyph = out.glyphs[g];
      glyph.x = indent + to_pixels(glyph.x);
      glyph.y = top + to_pixels(above + line.ascent + glyph.y);
    }
    above += line.ascent + line.descent;
  }
}

LayoutMaker::ShapedLine LayoutMaker::shape_line(const Line& line, Layout& out) {
  ShapedLine shaped{.first_glyph = out.glyphs.size(), .right_to_left = line.right_to_left};
  if (line.first_run == line.last_run) {
    shaped.ascent = std::int64_t{fonts_[line.font].ascent()} * unit;
    shaped.descent = std::int64_t{fonts_[line.font].descent()} * unit;
    return shaped;
  }
  order_runs(line);
  raise_runs(line);
  for (const std::size_t run : order_) shape_run(runs_[run], raised_[run - line.first_run], shaped, out);
  return shaped;
}

// Rule L2 of UAX 9: from the highest level down, every stretch of runs at that level or above is turned around.
void LayoutMaker::order_runs(const Line& line) {
  order_.clear();
  std::uint8_t highest = 0, lowest_odd = 0xFF;
  for (std::size_t run = line.first_run; run < line.last_run; ++run) {
    order_.push_back(run);
    highest = std::max(highest, runs_[run].level);
    if (runs_[run].level % 2 == 1) lowest_odd = std::min(lowest_odd, runs_[run].level);
  }
  for (std::uint8_t level = highest; level >= lowest_odd; --level) {
    for (auto from = order_.begin(); from != order_.end();) {
      const auto below = [&](std::size_t run) { return runs_[run].level < level; };
      from = std::find_if_not(from, order_.end(), below);
      const auto to = std::find_if(from, order_.end(), below);
      std::reverse(from, to);
      from = to;
    }
  }
}

// Fonts in one line meet at the baseline of the first run's script: the ideographic one for Han, the hanging one for
// Devanagari, …
void LayoutMaker::raise_runs(const Line& line) {
  raised_.assign(line.last_run - line.first_run, 0);
  const Run& first = runs_[line.first_run];
  const auto tag = hb_ot_layout_get_horizontal_baseline_tag_for_script(first.script);
  if (tag == HB_OT_LAYOUT_BASELINE_TAG_ROMAN) return;  // at 0 in all fonts
  const std::int32_t common = baseline_of(fonts_[first.font], first.script, tag);
  for (std::size_t i = 1; i < raised_.size(); ++i) {
    const Run& run = runs_[line.first_run + i];
    raised_[i] = common - baseline_of(fonts_[run.font], run.script, tag);
  }
}

void LayoutMaker::shape_run(const Run& run, std::int64_t raised, ShapedLine& line, Layout& out) {
  static constexpr std::array<const char*, 2> shapers = {"ot", nullptr};  // whatever HB_SHAPER_LIST says
  hb_buffer_t* buffer = buffer_.get();
  hb_buffer_clear_contents(buffer);
  unsigned flags = HB_BUFFER_FLAG_DEFAULT;
  if (run.begin == 0) flags |= HB_BUFFER_FLAG_BOT;
  if (run.end == word_.size()) flags |= HB_BUFFER_FLAG_EOT;
  hb_buffer_set_flags(buffer, static_cast<hb_buffer_flags_t>(flags));
  hb_buffer_set_cluster_level(buffer, HB_BUFFER_CLUSTER_LEVEL_MONOTONE_CHARACTERS);
  hb_buffer_add_codepoints(buffer, reinterpret_cast<const hb_codepoint_t*>(word_.data()),
                           static_cast<int>(word_.size()), static_cast<unsigned>(run.begin),
                           static_cast<int>(run.end - run.begin));
  hb_buffer_set_direction(buffer, run.level % 2 == 1 ? HB_DIRECTION_RTL : HB_DIRECTION_LTR);
  hb_buffer_set_script(buffer, run.script);
  if (hb_shape_full(fonts_[run.font].shaper(), buffer, nullptr, 0, shapers.data()) == 0) throw std::bad_alloc();
  add_glyphs(run, raised, line, out);
}

// What shape_run() has left in the buffer.
void LayoutMaker::add_glyphs(const Run& run, std::int64_t raised, ShapedLine& line, Layout& out) {
  const Font& font = fonts_[run.font];
  const auto grow = [&](std::int64_t ascent, std::int64_t descent) {
    line.ascent = std::max(line.ascent, ascent * unit + raised);
    line.descent = std::max(line.descent, descent * unit - raised);
  };
  unsigned count = 0;
  const hb_glyph_info_t* glyphs = hb_buffer_get_glyph_infos(buffer_.get(), &count);
  const hb_glyph_position_t* positions = hb_buffer_get_glyph_positions(buffer_.get(), &count);
  for (unsigned i = 0; i < count; ++i) {
    const char32_t character = word_[glyphs[i].cluster];
    const std::int64_t pen = line.width * unit;
    if (!font.lacks(glyphs[i].codepoint)) {
      out.glyphs.push_back({glyphs[i].codepoint, static_cast<std::uint32_t>(run.font), pen + positions[i].x_offset,
                            -positions[i].y_offset - raised});
    } else if (u_charType(static_cast<UChar32>(character)) != U_SPACE_SEPARATOR) {  // a space leaves a gap
      out.glyphs.push_back({character, FontSet::none, pen, -raised});
      line.width += missing_.width(character);
      grow(missing_.ascent(), missing_.descent());
      continue;
    }
    line.width += to_pixels(positions[i].x_advance);
    grow(font.ascent(), font.descent());
  }
}

}  // namespace welt::freetype
