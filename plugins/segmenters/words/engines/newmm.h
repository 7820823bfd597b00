// Thai words as the Python package PyThaiNLP cuts them (5.4.0, word_tokenize with its defaults: engine newmm).
#pragma once

#include <filesystem>
#include <memory>

#include "../engine.h"

namespace welt::words {

// `dictionary_folder`: PyThaiNLP's words_th.txt, one word a line, as setup puts it there. Throws sdk::Failure naming
// file and line where it is missing or damaged.
std::unique_ptr<Engine> make_newmm(const std::filesystem::path& dictionary_folder);

}  // namespace welt::words
