// See itemize.h. The rules are those of Pango 1.50's itemization, but for clusters, of which Pango takes no notice.
#include "itemize.h"

#include <unicode/uchar.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <welt/sdk/base.hpp>

namespace welt::freetype {
namespace {

constexpr char32_t line_separator = 0x2028, paragraph_separator = 0x2029;
constexpr FontSet::Index any_font = 0xFFFE;  // takes_any_font(); FontSet::none (0xFFFF) is what no font has
static_assert(any_font != FontSet::none);

// HarfBuzz looks for the letter below a mark through all marks between them, and for the end of a Khmer syllable
// through all of it: quadratic in a number that hostile text chooses. Longer pieces without a space are several runs.
constexpr std::size_t longest_piece = 1024;

// Where a run is drawn that no font was chosen for.
std::size_t font_or_first(FontSet::Index chosen) { return chosen >= any_font ? 0 : chosen; }

}  // namespace

void Itemizer::split(std::span<const char32_t> word, std::vector<Run>& runs, std::vector<Line>& lines) {
  runs.clear();
  lines.clear();
  // A paragraph without letters goes on in the direction of the one before; the first, in that of the whole word.
  bool right_to_left = runs_right_to_left(word, false);
  for (std::size_t begin = 0;;) {
    const auto found = std::find(word.begin() + static_cast<std::ptrdiff_t>(begin), word.end(), paragraph_separator);
    const auto end = static_cast<std::size_t>(found - word.begin());
    right_to_left = runs_right_to_left(word.subspan(begin, end - begin), right_to_left);
    split_paragraph(word, begin, end, right_to_left, runs, lines);
    if (end == word.size()) return;
    begin = end + 1;
  }
}

void Itemizer::split_paragraph(std::span<const char32_t> word, std::size_t begin, std::size_t end, bool right_to_left,
                               std::vector<Run>& runs, std::vector<Line>& lines) {
  const auto paragraph = word.subspan(begin, end - begin);
  bidi_.resolve(paragraph, right_to_left, levels_);
  resolve_scripts(paragraph, scripts_);
  mark_emoji(paragraph, emoji_);
  choose_fonts(paragraph);
  const std::size_t lines_before = lines.size(), runs_before = runs.size();
  for (std::size_t line = 0; line < paragraph.size() || lines.size() == lines_before;) {
    const auto found =
        std::find(paragraph.begin() + static_cast<std::ptrdiff_t>(line), paragraph.end(), line_separator);
    const auto line_end = static_cast<std::size_t>(found - paragraph.begin());
    const std::size_t first_run = runs.size();
    for (std::size_t i = line; i < line_end;) {
      std::size_t next = i + 1;
      while (next < line_end && levels_[next] == levels_[i] && scripts_[next] == scripts_[i] &&
             emoji_[next] == emoji_[i]) {
        ++next;
      }
      add_runs(paragraph, begin, i, next, runs);
      i = next;
    }
    lines.push_back({first_run, runs.size(), right_to_left});
    line = line_end + 1;
  }
  // Empty lines of a paragraph have the font of the text before them, at its start the font of what comes.
  if (runs.size() == runs_before) return;
  for (std::size_t i = lines_before; i < lines.size(); ++i) {
    lines[i].font = runs[std::max(lines[i].first_run, runs_before + 1) - 1].font;
  }
}

// Runs of one font each out of a segment that is alike in everything else.
void Itemizer::add_runs(std::span<const char32_t> paragraph, std::size_t offset, std::size_t begin, std::size_t end,
                        std::vector<Run>& runs) const {
  FontSet::Index font = any_font;  // of the run being collected, which starts at `start`
  std::size_t start = begin, spaces = 0, piece = 0;
  const auto finish = [&](std::size_t at) {
    runs.push_back({offset + start, offset + at, font_or_first(font), shaping_script(scripts_[begin]), levels_[begin]});
    start = at;
  };
  for (std::size_t i = begin; i < end; ++i) {
    const FontSet::Index chosen = chosen_[i];
    const bool is_space = chosen == any_font && u_charType(static_cast<UChar32>(paragraph[i])) == U_SPACE_SEPARATOR;
    piece = is_space ? 0 : piece + 1;
    if (piece > longest_piece) {
      finish(i);
      piece = spaces = 0;
    }
    if (chosen == any_font) {
      ++spaces;
      continue;
    }
    if (font != any_font && font_or_first(chosen) != font_or_first(font)) {
      finish(chosen < font ? i - spaces : i);
    }
    font = chosen;
    spaces = 0;
  }
  finish(end);
}

FontSet::Index Itemizer::first_font(char32_t character, bool as_picture) const {
  const std::size_t picture = as_picture ? fonts_.first_colour_with(character) : FontSet::none;
  return static_cast<FontSet::Index>(picture != FontSet::none ? picture : fonts_.first_with(character));
}

void Itemizer::choose_fonts(std::span<const char32_t> paragraph) {
  chosen_.resize(paragraph.size());
  FontSet::Index common = any_font;
  bool mixed = false;
  for (std::size_t i = 0; i < paragraph.size(); ++i) {
    chosen_[i] = takes_any_font(paragraph[i]) ? any_font : first_font(paragraph[i], emoji_[i] != 0);
    if (chosen_[i] == any_font) continue;
    mixed = mixed || (common != any_font && chosen_[i] != common);
    common = chosen_[i];
  }
  if (mixed) choose_cluster_fonts(paragraph);  // else every cluster has one font already
}

void Itemizer::choose_cluster_fonts(std::span<const char32_t> paragraph) {
  utf16_.clear();
  for (const char32_t character : paragraph) {
    if (character > 0xFFFF) utf16_ += static_cast<char16_t>(U16_LEAD(character));
    utf16_ += static_cast<char16_t>(character > 0xFFFF ? U16_TRAIL(character) : character);
  }
  UErrorCode status = U_ZERO_ERROR;
  if (graphemes_ == nullptr) graphemes_.reset(ubrk_open(UBRK_CHARACTER, "", nullptr, 0, &status));
  ubrk_setText(graphemes_.get(), utf16_.data(), static_cast<std::int32_t>(utf16_.size()), &status);
  if (U_FAILURE(status)) {
    throw sdk::Failure(WELT_INTERNAL, std::string("ICU cannot find grapheme clusters: ") + u_errorName(status));
  }
  std::size_t begin = 0;  // characters
  for (std::int32_t from = 0, to = ubrk_next(graphemes_.get()); to != UBRK_DONE; to = ubrk_next(graphemes_.get())) {
    std::size_t end = begin;
    for (; from < to; ++end) from += paragraph[end] > 0xFFFF ? 2 : 1;
    choose_for_cluster(paragraph.subspan(begin, end - begin), std::span(chosen_).subspan(begin, end - begin));
    begin = end;
  }
}

void Itemizer::choose_for_cluster(std::span<const char32_t> cluster, std::span<FontSet::Index> chosen) const {
  // An enclosing mark keeps its own first font, as in Pango: with it, letters and digits would go to a symbol font.
  const auto takes_part = [&](std::size_t i) {
    return chosen[i] != any_font && u_charType(static_cast<UChar32>(cluster[i])) != U_ENCLOSING_MARK;
  };
  std::size_t base = 0;
  while (base < cluster.size() && !takes_part(base)) ++base;
  bool alike = true;
  for (std::size_t i = base; i < cluster.size() && alike; ++i) alike = !takes_part(i) || chosen[i] == chosen[base];
  if (alike) return;
  // The further fonts are for what the first ones lack: what these have, even if in two fonts, stays with them.
  bool known = true;
  for (std::size_t i = base; i < cluster.size(); ++i)
    known = known && (!takes_part(i) || chosen[i] < fonts_.for_reference());
  const std::size_t candidates = known ? fonts_.for_reference() : fonts_.for_text();
  std::size_t common = 0;  // the first font with all that takes part
  const auto has_all = [&](std::size_t font) {
    for (std::size_t i = base; i < cluster.size(); ++i) {
      if (takes_part(i) && !fonts_[font].has(cluster[i])) return false;
    }
    return true;
  };
  while (common < candidates && !has_all(common)) ++common;
  const std::size_t font = common < candidates ? common : chosen[base];
  if (font == FontSet::none) return;
  for (std::size_t i = base; i < cluster.size(); ++i) {
    if (takes_part(i) && fonts_[font].has(cluster[i])) chosen[i] = static_cast<FontSet::Index>(font);
  }
}

}  // namespace welt::freetype
