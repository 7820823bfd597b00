// The renderers `freetype` and `bitmap` through the C ABI, with the fonts of the system: the first byte picks one and
// its settings, the rest is the word. Whatever the word: an image of the promised size, drawn in full, with nothing
// beside it; what is not UTF-8 is refused.
#include "core/base/utf8.h"
#include "tests/fuzz/draw.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  static const fuzz::Drawing drawings[] = {fuzz::Drawing("freetype", nlohmann::json::object()),
                                           fuzz::Drawing("freetype", {{"block", 1}, {"font_px", 5}, {"max_width", 64}}),
                                           fuzz::Drawing("freetype", {{"block", 32}, {"font_px", 40}}),
                                           fuzz::Drawing("bitmap", {{"block", 40}, {"max_width", 80}}),
                                           fuzz::Drawing("bitmap", nlohmann::json::object())};
  fuzz::Input input(data, size);
  const fuzz::Drawing& drawing = drawings[input.number(std::size(drawings))];
  const std::string_view word = input.rest().substr(0, 2048);
  const bool drawn = fuzz::answers([&] { drawing.draw(word); });
  fuzz::require(drawn == (find_invalid_utf8(word) == utf8_ok), "every word in UTF-8 is drawn, and no other");
  return 0;
}
