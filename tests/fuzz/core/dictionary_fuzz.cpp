// Dictionaries of the segmenter `words`: any bytes are one that words come from, or an Error. The first byte says
// whose:
//   0 jieba: dict.txt, NUL, hmm.txt    1 newmm: words_th.txt    2 mecab: sys.dic, unk.dic, matrix.bin and char.bin,
//   each behind its size (two bytes, high one first); of char.bin the last category goes on to its end; the rest is
//   dicrc
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/text/segmenter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plugin_file.h"

namespace {

using namespace welt;

// The files of all dictionaries, in a folder where the segmenter looks for them.
struct Dictionaries {
  fuzz::MemoryFile words, model, thai, sys, unk, matrix, categories, settings;
  fuzz::MemoryFolder folder;
  Dictionaries() {
    folder.link("jieba/dict.txt", words);
    folder.link("jieba/hmm.txt", model);
    folder.link("pythainlp/words_th.txt", thai);
    folder.link("unidic-lite/sys.dic", sys);
    folder.link("unidic-lite/unk.dic", unk);
    folder.link("unidic-lite/matrix.bin", matrix);
    folder.link("unidic-lite/char.bin", categories);
    folder.link("unidic-lite/dicrc", settings);
  }
};

// char.bin has a category of four bytes for each of 65,535 characters, behind 32 bytes for each name.
std::string whole_categories(std::string_view begin) {
  constexpr std::size_t characters = 65535;
  std::string file(begin);
  if (file.size() < 8) return file;
  const std::size_t names = std::min<std::size_t>(static_cast<std::uint8_t>(file[0]), 18);
  const std::string last = file.substr(file.size() - 4);
  while (file.size() < 4 + 32 * names + 4 * characters) file += last;
  return file;
}

void put_mecab(Dictionaries& all, fuzz::Input& input) {
  const auto part = [&] { return input.bytes(input.number(1 << 16)); };
  all.sys.put(part());
  all.unk.put(part());
  all.matrix.put(part());
  all.categories.put(whole_categories(part()));
  all.settings.put(input.rest());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Dictionaries all;
  fuzz::Input input(data, size);
  const std::uint64_t kind = input.number(3);
  std::string_view text;
  if (kind == 0) {
    input.text(text);
    all.words.put(text);
    all.model.put(input.rest());
  } else if (kind == 1) {
    all.thai.put(input.rest());
  } else {
    put_mecab(all, input);
  }
  const ComponentType& type = fuzz::built_plugin(WELT_SEGMENTER_INTERFACE, "words");
  std::optional<Component> component;
  const bool made = fuzz::answers([&] {
    const nlohmann::json config = {{"dictionaries", all.folder.path().string()},
                                   {"chinese", kind == 0 ? "jieba" : "none"},
                                   {"thai", kind == 1 ? "newmm" : "none"},
                                   {"japanese", kind == 2 ? "mecab" : "none"}};
    component.emplace(type, ConfigView(type, config, true, "fuzz"), WELT_INIT_NONE);
  });
  if (!made) return 0;
  const Segmenter segmenter(*component);
  std::vector<std::uint64_t> ends;
  for (const char* line : {"中文字中 abc 12.5% 文文文", "กาแฟ กกาาแฟ1กา", "ああ東京 東 京東xyz漢字あ", "東京ああ"}) {
    segmenter.split(line, ends);  // the host's Segmenter insists that they cover the text
  }
  return 0;
}
