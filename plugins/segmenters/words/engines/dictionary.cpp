// See dictionary.h.
#include "dictionary.h"

#include <dlfcn.h>

#include <welt/text/utf8.h>
#include <algorithm>
#include <fstream>

#include <welt/common/sha256.h>

namespace welt::words {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t max_file_size = 256u << 20;
constexpr const char* mend = ". Mend: run scripts/setup.sh, which fetches the dictionaries";

// The folder of the file that this code was loaded from: the plugin's.
fs::path own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  const fs::path file = fs::canonical(info.dli_fname, error);
  return error ? fs::path() : file.parent_path();
}

}  // namespace

std::vector<fs::path> dictionary_places(std::string_view name, const fs::path& configured) {
  if (!configured.empty()) return {configured / name};
  const fs::path own = own_folder();
  if (own.empty()) return {};
  // build/bin, beside the link build/dictionaries; and lib/welt/plugins of an installation.
  return {own.parent_path() / "dictionaries" / name,
          own.parent_path().parent_path().parent_path() / "share/welt/dictionaries" / name};
}

std::optional<fs::path> find_dictionary(std::string_view name, const fs::path& configured) {
  std::error_code error;
  for (const fs::path& place : dictionary_places(name, configured))
    if (fs::is_directory(place, error)) return place;
  return std::nullopt;
}

sdk::Failure missing_dictionary(std::string_view name, const fs::path& configured) {
  std::string tried;
  for (const fs::path& place : dictionary_places(name, configured))
    tried += (tried.empty() ? "" : ", ") + place.string();
  return {WELT_NOT_FOUND, "dictionary \"" + std::string(name) + "\": not found; tried " + tried + mend};
}

sdk::Failure damaged(const fs::path& file, std::size_t line, const std::string& found, const std::string& expected) {
  return {WELT_DATA_LOSS, file.string() + (line == 0 ? "" : ", line " + std::to_string(line)) + ": " + found +
                              "; expected " + expected + mend};
}

std::string read_dictionary_file(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error) {
    throw sdk::Failure(WELT_NOT_FOUND, file.string() + ": cannot be read: " + error.message() + mend);
  }
  if (size > max_file_size) {
    throw damaged(file, 0, "the file has " + std::to_string(size) + " bytes",
                  "at most " + std::to_string(max_file_size));
  }
  std::string text(size, '\0');
  std::ifstream stream(file, std::ios::binary);
  if (!stream.read(text.data(), static_cast<std::streamsize>(size))) {
    throw damaged(file, 0, "the file cannot be read to its end", std::to_string(size) + " bytes");
  }
  return text;
}

std::string read_dictionary_text(const fs::path& file) {
  std::string text = read_dictionary_file(file);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  bool cut_off = false;
  const std::size_t fault = text::find_ill_formed(text, cut_off);
  if (fault != text::well_formed) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(fault), '\n');
    throw damaged(file, static_cast<std::size_t>(line),
                  "byte " + std::to_string(fault) + " of the file fits no UTF-8 character", "UTF-8");
  }
  return text;
}

std::string dictionary_version(const fs::path& folder) {
  std::ifstream stream(folder / "VERSION");
  std::string version;
  stream >> version;
  const bool plain = std::all_of(version.begin(), version.end(), [](unsigned char c) { return c > ' ' && c < 0x7F; });
  return version.empty() || version.size() > 40 || !plain ? "unknown" : version;
}

std::string digest(const std::vector<std::string_view>& texts) {
  constexpr std::size_t whole = std::size_t{8} << 20, samples = 256, block = 4096;
  Sha256 sha;
  for (const std::string_view text : texts) {
    if (text.size() <= whole) {
      sha.add(text);
      continue;
    }
    sha.add(std::to_string(text.size()));
    for (std::size_t i = 0; i < samples; ++i) sha.add(text.substr((text.size() - block) / (samples - 1) * i, block));
  }
  return sha.finish().substr(0, 12);
}

bool next_line(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  const std::size_t end = std::min(text.find('\n'), text.size());
  line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

}  // namespace welt::words
