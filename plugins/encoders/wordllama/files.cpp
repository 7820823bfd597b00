// See files.h.
#include "files.h"

#include <welt/common/file_kind.h>
#include <welt/common/shipped_folder.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>
#include <welt/sdk/base.hpp>

namespace welt::wordllama {
namespace {

namespace fs = std::filesystem;

// What one of the two files is called.
struct Kind {
  const char* key;
  const char* name;    // in a folder
  const char* ending;  // of the only such file there, where none has that name
  const char* what;
};
constexpr Kind tokenizer{"tokenizer", "tokenizer.json", "_tokenizer_config.json", "a tokenizer.json"};
constexpr Kind weights{"weights", "model.safetensors", ".safetensors", "a safetensors file with a table of tokens"};

std::optional<fs::path> in_folder(const fs::path& folder, const Kind& kind) {
  std::error_code error;
  if (fs::is_regular_file(folder / kind.name, error)) return folder / kind.name;
  std::vector<fs::path> found;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator(); at.increment(error))
    if (at->path().filename().string().ends_with(kind.ending)) found.push_back(at->path());
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

fs::path find(const std::string& given, const Kind& kind) {
  constexpr const char* shipped_name = "l2_supercat";
  std::error_code error;
  const bool shipped = given == shipped_name;
  const std::vector<fs::path> places =
      shipped ? shipped_folders(fs::read_symlink("/proc/self/exe", error), "wordllama") : std::vector<fs::path>{given};
  std::string tried;
  for (const fs::path& place : places) {
    if (!shipped && fs::is_regular_file(place, error)) return place;
    if (const auto found = in_folder(place, kind)) return *found;
    tried += (tried.empty() ? "" : ", ") + place.string();
  }
  throw sdk::Failure(WELT_NOT_FOUND,
                     std::string(kind.key) + " = \"" + given + "\": nothing in " + tried + "; expected " + kind.what +
                         ", a folder with one, or \"" + shipped_name + "\", which scripts/setup.sh fetches",
                     kind.key);
}

}  // namespace

fs::path tokenizer_path(const std::string& given) { return find(given, tokenizer); }
fs::path weights_path(const std::string& given) { return find(given, weights); }

std::string read_tokenizer_file(const fs::path& path) {
  constexpr std::uintmax_t largest = 256 << 20;
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error || size > largest) {
    throw sdk::Failure(WELT_DATA_LOSS,
                       path.string() + ": " + (error ? error.message() : std::to_string(size) + " bytes") +
                           "; expected a tokenizer.json of at most 256 MB",
                       tokenizer.key);
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.size() != size) {
    throw sdk::Failure(WELT_DATA_LOSS, path.string() + ": it cannot be read to its end", tokenizer.key);
  }
  if (const FileKind* kind = file_kind(std::string_view(text).substr(0, file_head))) {
    throw sdk::Failure(WELT_DATA_LOSS,
                       path.string() + " is " + std::string(kind->name) + "; expected " + tokenizer.what + ". " +
                           std::string(kind->mend),
                       tokenizer.key);
  }
  return text;
}

}  // namespace welt::wordllama
