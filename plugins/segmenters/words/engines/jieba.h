// Chinese words as the Python package jieba cuts them (0.42.1, jieba.cut with its defaults).
#pragma once

#include <filesystem>
#include <memory>

#include "../engine.h"

namespace welt::words {

// `dictionary_folder`: jieba's dict.txt (lines "word count tag") and hmm.txt (jieba_hmm.h), as setup puts them there.
// Throws sdk::Failure naming file and line where something is missing or damaged.
std::unique_ptr<Engine> make_jieba(const std::filesystem::path& dictionary_folder);

}  // namespace welt::words
