// See find.h.
#include "core/recipe/find.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "core/base/error.h"
#include "core/base/file.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

// What came with the program, as a person names it: "quickstart.toml", "presets/nano.toml".
std::vector<std::string> shared_recipes() {
  std::vector<std::string> names;
  const fs::path folder = shared_folder() / "recipes";
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".toml") names.push_back(entry->path().lexically_relative(folder).string());
  return names;
}

}  // namespace

fs::path shared_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path prefix = program.parent_path().parent_path();
  // A build folder says so itself; without that, /usr/local/bin/welt would also look in /usr/recipes.
  return fs::exists(prefix / "CMakeCache.txt", error) ? prefix.parent_path() : prefix / "share/welt";
}

std::vector<fs::path> recipe_places(const fs::path& name, const fs::path& folder) {
  std::vector<fs::path> places = {(folder / name).lexically_normal()};
  const fs::path shared = shared_folder();
  const std::string first = name.empty() ? "." : name.begin()->string();
  if (name.is_absolute() || first == "." || first == ".." || shared.empty()) return places;
  places.push_back((first == "recipes" ? shared / name : shared / "recipes" / name).lexically_normal());
  return places;
}

fs::path find_recipe(const fs::path& name) {
  std::error_code ignored;
  if (fs::exists(name, ignored)) return name;
  std::vector<std::string> tried;
  for (const fs::path& place : recipe_places(name, fs::current_path(ignored))) {
    if (fs::is_regular_file(place, ignored)) return place;
    refuse_unreachable(place);
    tried.push_back(place.string());
  }
  const std::string near = nearest(name.string(), shared_recipes());
  fail({fmt::format("recipe \"{}\"", name.string()),
        fmt::format("there is no such file; tried {}", fmt::join(tried, ", ")), "",
        near.empty() ? "Check the spelling of the path and the working directory"
                     : fmt::format("Did you mean \"{}\", which came with the program?", near)},
       ErrorCode::not_found);
}

}  // namespace welt
