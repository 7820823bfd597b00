// What Unicode says about a paragraph before any font is looked at: direction levels, scripts, emoji.
#pragma once

#include <hb.h>
#include <unicode/ubidi.h>
#include <unicode/uscript.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace welt::freetype {

// Characters never to choose a font for: they take the font of what is around them. Controls, format characters, spaces
// (but the Ogham space mark, which has ink), line and paragraph separators, variation selectors.
bool takes_any_font(char32_t character);

// The direction of the first strong character (marks and embeddings included); `otherwise` when there is none.
bool runs_right_to_left(std::span<const char32_t> paragraph, bool otherwise);

// Levels of the Unicode bidirectional algorithm (UAX 9). One per thread.
class BidiLevels {
 public:
  // Replaces `levels` by one level for each character.
  void resolve(std::span<const char32_t> paragraph, bool right_to_left, std::vector<std::uint8_t>& levels);

 private:
  struct Close {
    void operator()(UBiDi* bidi) const { ubidi_close(bidi); }
  };
  std::unique_ptr<UBiDi, Close> bidi_;
  std::u16string utf16_;
};

// Replaces `scripts` by the script that each character is shaped in (UAX 24): one without a script of its own goes with
// what is before it, at the start with what comes; a closing bracket goes with its opening one.
void resolve_scripts(std::span<const char32_t> paragraph, std::vector<UScriptCode>& scripts);

// ISO 15924, as HarfBuzz has it.
hb_script_t shaping_script(UScriptCode script);

// Replaces `emoji` by 1 for each character of an emoji sequence (UTS 51) that is to be shown as a picture, else 0.
void mark_emoji(std::span<const char32_t> paragraph, std::vector<std::uint8_t>& emoji);

}  // namespace welt::freetype
