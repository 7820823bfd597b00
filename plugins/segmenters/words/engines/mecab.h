// Japanese words as MeCab 0.996 cuts them (its default mode, one best way), and so the Python package fugashi.
#pragma once

#include <filesystem>
#include <memory>

#include "../engine.h"

namespace welt::words {

// `dictionary_folder`: a compiled MeCab dictionary in UTF-8 (sys.dic, unk.dic, matrix.bin, char.bin, dicrc), as setup
// puts unidic-lite there. Throws sdk::Failure where a file is missing, cut off or of another kind.
//
// White space, which MeCab skips, is a word of its own. A span longer than 65,535 bytes is cut behind an ideographic
// full stop or, where it has none, a character, and the pieces are worked on one by one: memory is bounded.
std::unique_ptr<Engine> make_mecab(const std::filesystem::path& dictionary_folder);

}  // namespace welt::words
