// See tokenizer_file.h.
#include "tokenizer_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <welt/sdk/base.hpp>

#include <welt/common/file_kind.h>
#include <welt/common/sha256.h>

namespace welt::bpe {

namespace sdk = welt::sdk;

std::string read_tokenizer_file(const std::string& given) {
  constexpr std::uintmax_t largest = 256 << 20;
  std::filesystem::path path(given);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) path /= "tokenizer.json";
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) {
    throw sdk::Failure(WELT_NOT_FOUND,
                       "\"" + path.string() + "\" is no file that can be read (" + error.message() +
                           "); expected a tokenizer.json, or the folder of one",
                       "tokenizer");
  }
  if (size > largest) {
    throw sdk::invalid("\"" + path.string() + "\" has " + std::to_string(size) + " bytes; expected at most 256 MB",
                       "tokenizer");
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file || text.size() != size) {
    throw sdk::Failure(WELT_DATA_LOSS,
                       "\"" + path.string() + "\" could not be read to its end (" + std::to_string(text.size()) +
                           " of " + std::to_string(size) + " bytes); expected a file that can be read",
                       "tokenizer");
  }
  if (const FileKind* kind = file_kind(std::string_view(text).substr(0, file_head))) {
    throw sdk::Failure(WELT_DATA_LOSS,
                       "\"" + path.string() + "\" is " + std::string(kind->name) + "; expected a tokenizer.json. " +
                           std::string(kind->mend),
                       "tokenizer");
  }
  return text;
}

std::string fingerprint_of(const std::string& json) {
  Sha256 hash;
  hash.add(json);
  return "tokenizer.json, SHA-256 " + hash.finish();
}

}  // namespace welt::bpe
