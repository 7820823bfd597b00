// Which files the keys `tokenizer` and `weights` name.
#pragma once

#include <filesystem>
#include <string>

namespace welt::wordllama {

// `given`: a file; a folder of WordLlama or Model2Vec, in which it is tokenizer.json or the only file of its kind; or
// "l2_supercat", the embedding that set-up fetches. Throws Failure naming the key and every place that was looked at.
std::filesystem::path tokenizer_path(const std::string& given);
std::filesystem::path weights_path(const std::string& given);

// The text of a tokenizer.json. Throws Failure naming the path.
std::string read_tokenizer_file(const std::filesystem::path& path);

}  // namespace welt::wordllama
