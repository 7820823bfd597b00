// Font files given to the renderer `bitmap`: glyphs, and behind a NUL byte the list of marks. Any bytes are a font that
// words are drawn with, or an Error.
#include "tests/fuzz/draw.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  static fuzz::MemoryFile glyphs, marks;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(all.find('\0'), size);
  glyphs.put(all.substr(0, end));
  marks.put(all.substr(std::min(end + 1, size)));
  fuzz::answers([&] {
    const fuzz::Drawing drawing(
        "bitmap", {{"fonts", {glyphs.path().string()}}, {"marks", {marks.path().string()}}, {"max_width", 64}});
    for (const char* word : {"a", "ba\u0301b", "\u0301\u0301", "\x01", "\U0010FFFF", ""}) drawing.draw(word);
  });
  return 0;
}
