// See segments.h.
#include "segments.h"

#include <unicode/uchar.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <new>
#include <welt/sdk/base.hpp>

namespace welt::freetype {
namespace {

bool is_strong_right(UCharDirection direction) {
  return direction == U_RIGHT_TO_LEFT || direction == U_RIGHT_TO_LEFT_ARABIC ||
         direction == U_RIGHT_TO_LEFT_EMBEDDING || direction == U_RIGHT_TO_LEFT_OVERRIDE;
}
bool is_strong_left(UCharDirection direction) {
  return direction == U_LEFT_TO_RIGHT || direction == U_LEFT_TO_RIGHT_EMBEDDING ||
         direction == U_LEFT_TO_RIGHT_OVERRIDE;
}

// In a left-to-right paragraph, text without any of these is at level 0 throughout.
bool can_raise_level(char32_t character) {
  if (character < 0x590) return false;
  const UCharDirection direction = u_charDirection(static_cast<UChar32>(character));
  return is_strong_right(direction) || direction == U_ARABIC_NUMBER || direction == U_LEFT_TO_RIGHT_EMBEDDING ||
         direction == U_LEFT_TO_RIGHT_OVERRIDE || direction == U_LEFT_TO_RIGHT_ISOLATE ||
         direction == U_RIGHT_TO_LEFT_ISOLATE || direction == U_FIRST_STRONG_ISOLATE;
}

bool is_real(UScriptCode script) {
  return script != USCRIPT_COMMON && script != USCRIPT_INHERITED && script != USCRIPT_UNKNOWN;
}

UScriptCode script_of(char32_t character) {
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(character), &status);
  return U_FAILURE(status) ? USCRIPT_COMMON : script;
}

// Brackets and quotation marks, opening and closing in turn.
constexpr std::u32string_view pairs = U"()<>[]{}«»‘’“”‹›⁅⁆⁽⁾₍₎〈〉《》「」『』【】〔〕〖〗〘〙〚〛";

struct Opening {
  std::size_t pair;
  UScriptCode script;
};

}  // namespace

bool takes_any_font(char32_t character) {
  if (character >= 0x21 && character < 0x7F) return false;
  switch (u_charType(static_cast<UChar32>(character))) {
    case U_CONTROL_CHAR:
    case U_FORMAT_CHAR:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR:
      return true;
    case U_SPACE_SEPARATOR:
      return character != 0x1680;
    default:
      return (character >= 0xFE00 && character <= 0xFE0F) || (character >= 0xE0100 && character <= 0xE01EF);
  }
}

bool runs_right_to_left(std::span<const char32_t> paragraph, bool otherwise) {
  for (const char32_t character : paragraph) {
    const UCharDirection direction = u_charDirection(static_cast<UChar32>(character));
    if (is_strong_left(direction)) return false;
    if (is_strong_right(direction)) return true;
  }
  return otherwise;
}

void BidiLevels::resolve(std::span<const char32_t> paragraph, bool right_to_left, std::vector<std::uint8_t>& levels) {
  levels.assign(paragraph.size(), 0);
  if (paragraph.empty() || (!right_to_left && std::ranges::none_of(paragraph, can_raise_level))) return;
  if (bidi_ == nullptr) {
    bidi_.reset(ubidi_open());
    if (bidi_ == nullptr) throw std::bad_alloc();
  }
  utf16_.clear();
  for (const char32_t character : paragraph) {
    if (character <= 0xFFFF) {
      utf16_ += static_cast<char16_t>(character);
    } else {
      utf16_ += static_cast<char16_t>(U16_LEAD(character));
      utf16_ += static_cast<char16_t>(U16_TRAIL(character));
    }
  }
  UErrorCode status = U_ZERO_ERROR;
  ubidi_setPara(bidi_.get(), utf16_.data(), static_cast<std::int32_t>(utf16_.size()), right_to_left ? 1 : 0, nullptr,
                &status);
  const UBiDiLevel* resolved = ubidi_getLevels(bidi_.get(), &status);
  if (U_FAILURE(status)) {
    throw sdk::Failure(WELT_INTERNAL, std::string("ICU cannot order the characters of a word: ") + u_errorName(status));
  }
  for (std::size_t i = 0, at = 0; i < paragraph.size(); ++i) {
    levels[i] = resolved[at];
    at += paragraph[i] <= 0xFFFF ? 1 : 2;
  }
}

void resolve_scripts(std::span<const char32_t> paragraph, std::vector<UScriptCode>& scripts) {
  constexpr std::size_t deepest = 128;  // open brackets kept in mind
  std::vector<Opening> open;
  scripts.assign(paragraph.size(), USCRIPT_COMMON);
  UScriptCode current = USCRIPT_COMMON;
  for (std::size_t i = 0; i < paragraph.size(); ++i) {
    UScriptCode script = script_of(paragraph[i]);
    if (!is_real(script)) {
      script = USCRIPT_COMMON;
      const std::size_t at = pairs.find(paragraph[i]);
      if (at != pairs.npos && at % 2 == 0 && open.size() < deepest) open.push_back({at / 2, current});
      if (at != pairs.npos && at % 2 == 1) {
        while (!open.empty() && open.back().pair != at / 2) open.pop_back();
        if (!open.empty()) {
          script = open.back().script;
          open.pop_back();
        }
      }
    }
    if (is_real(script) && script != current) {
      if (!is_real(current)) {  // what came so far goes with the first real script
        for (Opening& opening : open) opening.script = script;
        std::fill_n(scripts.begin(), i, script);
      }
      current = script;
    }
    scripts[i] = current;
  }
}

hb_script_t shaping_script(UScriptCode script) {
  if (script == USCRIPT_COMMON) return HB_SCRIPT_COMMON;
  const char* name = uscript_getShortName(script);
  return name == nullptr ? HB_SCRIPT_UNKNOWN : hb_script_from_string(name, 4);
}

void mark_emoji(std::span<const char32_t> paragraph, std::vector<std::uint8_t>& emoji) {
  emoji.assign(paragraph.size(), 0);
  const auto has = [&](std::size_t i, UProperty property) {
    return i < paragraph.size() && u_hasBinaryProperty(static_cast<UChar32>(paragraph[i]), property) != 0;
  };
  const auto is = [&](std::size_t i, char32_t character) { return i < paragraph.size() && paragraph[i] == character; };
  for (std::size_t i = 0; i < paragraph.size();) {
    bool picture = false;
    if (is(i + 1, 0xFE0F)) {
      picture = has(i, UCHAR_EMOJI);
    } else if (paragraph[i] >= 0x2000) {  // none below
      picture = has(i, UCHAR_EMOJI_PRESENTATION) && !is(i + 1, 0xFE0E);
    }
    if (!picture) {
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    for (bool more = true; more;) {
      if (is(end, 0x200D) && has(end + 1, UCHAR_EXTENDED_PICTOGRAPHIC)) {
        end += 2;
      } else {
        more = is(end, 0xFE0F) || is(end, 0x20E3) || has(end, UCHAR_EMOJI_MODIFIER) ||
               (end < paragraph.size() && paragraph[end] >= 0xE0020 && paragraph[end] <= 0xE007F);
        if (more) ++end;
      }
    }
    std::fill(emoji.begin() + static_cast<std::ptrdiff_t>(i), emoji.begin() + static_cast<std::ptrdiff_t>(end), 1);
    i = end;
  }
}

}  // namespace welt::freetype
