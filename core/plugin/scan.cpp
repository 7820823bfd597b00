// See scan.h.
#include "core/plugin/scan.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "core/base/error.h"

namespace welt {
namespace fs = std::filesystem;
namespace {

bool is_plugin_name(const std::string& name) { return name.starts_with("welt_") && name.ends_with(".plugin.so"); }

std::vector<fs::path> files_of(const fs::path& folder, std::vector<Refusal>& refusals) {
  std::error_code error;
  std::vector<fs::path> files;
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (is_plugin_name(entry->path().filename().string())) files.push_back(entry->path());
  }
  if (error) {
    refusals.push_back({folder, describe({folder.string(),
                                          "the folder cannot be read (" + error.message() + ")",
                                          {},
                                          "Give it read permission, or take it out of the search path"})});
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::vector<fs::path> default_search_folders() {
  std::vector<fs::path> folders;
  if (const char* list = std::getenv("WELT_PLUGIN_PATH")) {
    std::string_view rest = list;
    while (!rest.empty()) {
      const std::string_view item = rest.substr(0, rest.find(':'));
      if (!item.empty()) folders.emplace_back(item);
      rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    }
  }
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    folders.push_back(executable.parent_path());
    folders.push_back((executable.parent_path() / "../lib/welt/plugins").lexically_normal());
  }
  return folders;
}

std::vector<fs::path> find_plugin_files(const std::vector<fs::path>& places, std::vector<Refusal>& refusals) {
  std::vector<fs::path> files;
  std::set<fs::path> seen;
  for (const fs::path& place : places) {
    std::error_code error;
    if (!fs::exists(place, error)) continue;
    const std::vector<fs::path> found = fs::is_directory(place, error) ? files_of(place, refusals) : std::vector{place};
    for (const fs::path& file : found) {
      const fs::path real = fs::weakly_canonical(file, error);
      if (seen.insert(error ? file : real).second) files.push_back(error ? file : real);
    }
  }
  return files;
}

}  // namespace welt
