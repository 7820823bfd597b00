// See hub_cache.h.
#include "core/base/hub_cache.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <system_error>

#include "core/base/file.h"

namespace welt {

namespace fs = std::filesystem;

std::vector<fs::path> hub_caches() {
  std::vector<fs::path> result;
  const auto add = [&](const char* variable, std::string_view below) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') return;
    fs::path path = below.empty() ? fs::path(value) : fs::path(value) / below;
    if (std::find(result.begin(), result.end(), path) == result.end()) result.push_back(std::move(path));
  };
  add("HF_HUB_CACHE", "");
  add("HUGGINGFACE_HUB_CACHE", "");
  add("HF_HOME", "hub");
  add("XDG_CACHE_HOME", "huggingface/hub");
  add("HOME", ".cache/huggingface/hub");
  return result;
}

bool is_hub_name(std::string_view name) {
  const auto good = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (name.empty() || name.size() > 192 || std::count(name.begin(), name.end(), '/') > 1) return false;
  const std::size_t slash = name.find('/');
  const std::string_view last = slash == std::string_view::npos ? name : name.substr(slash + 1);
  return std::all_of(name.begin(), name.end(), [&](char c) { return c == '/' || good(c); }) && is_plain_name(last) &&
         slash != 0 && name.front() != '.';
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

fs::path hub_repository(const fs::path& cache, std::string_view kind, std::string_view name) {
  std::string folder = std::string(kind) + "--" + std::string(name);
  if (const std::size_t slash = folder.find('/'); slash != std::string::npos) folder.replace(slash, 1, "--");
  return cache / folder;
}

std::optional<std::string> hub_commit(const fs::path& repository, std::string_view revision) {
  for (std::string_view rest = revision;;) {  // "refs/pr/1" lies in folders
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (!is_plain_name(rest.substr(0, slash))) return {};
    if (slash == rest.size()) break;
    rest.remove_prefix(slash + 1);
  }
  const fs::path ref = repository / "refs" / revision;
  std::error_code error;
  if (!fs::is_regular_file(ref, error) || fs::file_size(ref, error) >= 200) return {};
  std::string commit = read_file(ref);
  std::erase_if(commit, [](unsigned char c) { return std::isspace(c) != 0; });
  return commit;
}

}  // namespace welt
