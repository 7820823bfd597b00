// Reads the tokenizer.json that the key `tokenizer` names.
#pragma once

#include <string>

namespace welt::bpe {

// The text of the file, or of tokenizer.json in the folder. Throws Failure naming the path: none, unreadable, or more
// than 256 MB.
std::string read_tokenizer_file(const std::string& path);

// What the words depend on, in one line: the SHA-256 of the file's text.
std::string fingerprint_of(const std::string& json);

}  // namespace welt::bpe
