// Font files given to the renderer `freetype`: any bytes are a font that words are drawn with, or an Error.
#include "tests/fuzz/draw.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  static fuzz::MemoryFile font;
  font.put({reinterpret_cast<const char*>(data), size});
  fuzz::answers([&] {
    const fuzz::Drawing drawing("freetype", {{"fonts", {font.path().string()}}, {"max_width", 4096}});
    for (const char* word :
         {"ab fi", "\u07E1\u07D8", "\u0780\u07A8", "\u2D30\u0301", "\u4E2D", "\U0001F600a\U0001F44D\U0001F3FD", ""}) {
      drawing.draw(word);
    }
  });
  return 0;
}
