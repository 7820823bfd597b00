// Japanese words by MeCab, as the Python package fugashi cuts them with unidic-lite (Tagger("-Owakati")).
#pragma once

#include <filesystem>
#include <memory>

#include "../engine.h"

namespace welt::words {

// `dictionary_folder`: a compiled MeCab dictionary (sys.dic, unk.dic, matrix.bin, char.bin, dicrc) in UTF-8. Throws
// sdk::Failure where a file is missing, cut off or of another kind; and always, in a build without libmecab.
//
// A span longer than 64 KB is cut behind an ideographic full stop or, where none is near, a character, and MeCab sees
// the pieces: its memory grows with the sentence, a hundred times as fast.
std::unique_ptr<Engine> make_mecab(const std::filesystem::path& dictionary_folder);

}  // namespace welt::words
