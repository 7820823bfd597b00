// See recipe.h: reading values, writing the merged result, finding the files a recipe names.
#include "core/recipe/recipe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/utf8.h"
#include "core/recipe/find.h"
#include "core/recipe/loader.h"
#include "core/recipe/toml_text.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

nlohmann::json::json_pointer pointer_to(std::string_view key) {
  std::string text = "/" + std::string(key);
  std::replace(text.begin(), text.end(), '.', '/');
  return nlohmann::json::json_pointer(text);
}

// The files or folders that match a pattern, sorted by name; a path without wildcards matches itself.
std::vector<fs::path> matches(const fs::path& folder, const std::string& pattern) {
  std::error_code ignored;
  if (fs::exists(folder / pattern, ignored)) return {folder / pattern};
  std::string text;
  for (const char c : folder.string()) {  // wildcards count in the pattern only
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  if (!text.empty() && text.back() != '/') text += '/';
  std::vector<fs::path> found;
  glob_t result{};
  if (::glob((text + pattern).c_str(), GLOB_NOSORT, nullptr, &result) == 0)
    for (std::size_t i = 0; i < result.gl_pathc; ++i)
      if (!fs::is_directory(result.gl_pathv[i], ignored)) found.emplace_back(result.gl_pathv[i]);
  ::globfree(&result);
  std::sort(found.begin(), found.end());
  return found;
}

void write_entries(std::string& text, const nlohmann::json& object, const std::string& table,
                   const nlohmann::json& origins);

// [table] and what is in it; tables within a free table follow as tables of their own.
void write_table(std::string& text, const nlohmann::json& object, const std::string& table,
                 const nlohmann::json& origins) {
  text += fmt::format("\n[{}]\n", table);
  write_entries(text, object, table, origins);
}

void write_entry(std::string& text, const std::string& name, const std::string& key, const nlohmann::json& value,
                 const nlohmann::json& origins) {
  text += fmt::format("{} = {}", toml_key(key), toml_value(value));
  if (const auto origin = origins.find(name); origin != origins.end()) {
    text += "  # ";
    for (const char c : replace_invalid_utf8(origin->get_ref<const std::string&>()))
      text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  }
  text += '\n';
}

void write_entries(std::string& text, const nlohmann::json& object, const std::string& table,
                   const nlohmann::json& origins) {
  for (const auto& [key, value] : object.items())
    if (!value.is_object()) write_entry(text, table + "." + key, key, value, origins);
  for (const auto& [key, value] : object.items())
    if (value.is_object()) write_table(text, value, table + "." + toml_key(key), origins);
}

// The values below `place`, as "a.b.c".
void list_values(const nlohmann::json& value, const std::string& key, std::vector<std::string>& out) {
  if (!value.is_object()) return out.push_back(key);
  for (const auto& [name, inner] : value.items()) list_values(inner, key + "." + name, out);
}

// --set of another plugin for a slot, or of a `from`, means a component of its own: what the files say of the one
// before is left out, and that is said in one line. A preset stays, and must be the plugin's.
void leave_out_replaced(RecipeLoader& loader, const std::string& slot, const std::string& plugin_before) {
  const auto value = [&](const std::string& key) {
    return loader.values.value(pointer_to(key), nlohmann::json()).is_string()
               ? loader.values.at(pointer_to(key)).get<std::string>()
               : std::string();
  };
  const auto by_hand = [&](const std::string& key) { return loader.origins.value(key, "") == "--set"; };
  const auto set = [&](const char* part) { return by_hand(slot + part) ? value(slot + part) : std::string(); };
  const bool other_plugin = !set(".plugin").empty() && set(".plugin") != plugin_before,
             other_from = !set(".from").empty();
  std::vector<std::string> candidates;
  if (other_plugin || other_from) {
    candidates.push_back(slot + ".version");
    if (const auto config = pointer_to(slot + ".config"); loader.values.contains(config))
      list_values(loader.values.at(config), slot + ".config", candidates);
  }
  if (other_from)
    candidates.insert(candidates.end(), {slot + ".plugin", slot + ".preset"});
  else if (other_plugin || !set(".preset").empty())
    candidates.push_back(slot + ".from");
  std::vector<std::string> left_out;
  for (const std::string& key : candidates) {
    const nlohmann::json::json_pointer place = pointer_to(key);
    if (by_hand(key) || !loader.values.contains(place)) continue;
    if (loader.values.at(place) != "") left_out.push_back(key);
    loader.values.at(place.parent_pointer()).erase(place.back());
    loader.origins.erase(key);
  }
  if (!left_out.empty())
    log_warning("recipe", "{} is another one by --set, so what the recipe says of the one before is left out: {}", slot,
                fmt::join(left_out, ", "));
}

}  // namespace

Recipe Recipe::load(const RecipeSchema& schema, const fs::path& path, const std::vector<std::string>& overrides) {
  RecipeLoader loader(schema);
  loader.add_file(path);
  return Recipe(std::move(loader), path, overrides);
}

Recipe Recipe::parse(const RecipeSchema& schema, std::string_view toml, const fs::path& origin,
                     const std::vector<std::string>& overrides) {
  RecipeLoader loader(schema);
  loader.add_text(toml, origin);
  return Recipe(std::move(loader), origin, overrides);
}

Recipe::Recipe(RecipeLoader loader, const fs::path& path, const std::vector<std::string>& overrides)
    : schema_(&loader.schema()), path_(path) {
  file_values_ = loader.values;
  for (const std::string& text : overrides) loader.add_override(text);
  for (const RecipeKey& key : schema_->keys()) {  // a table with `plugin` and `config` is a slot
    if (key.type != "table" || !key.name.ends_with(".config")) continue;
    const std::string slot = key.name.substr(0, key.name.rfind('.'));
    if (schema_->find(slot + ".plugin") != nullptr)
      leave_out_replaced(loader, slot, string_before_set(slot + ".plugin"));
  }
  loader.finish(path);
  values_ = std::move(loader.values);
  origins_ = std::move(loader.origins);
}

const RecipeKey& Recipe::schema_entry(std::string_view key, std::string_view type, std::string_view other_type) const {
  const RecipeKey* entry = schema_->find(key);
  if (!entry) fail({"recipe", fmt::format("{} is not in the schema", key)}, ErrorCode::internal);
  if (entry->type != type && entry->type != other_type)
    fail({"recipe", fmt::format("{} is of type {}, not {}", key, entry->type, type)}, ErrorCode::internal);
  return *entry;
}

bool Recipe::boolean(std::string_view key) const {
  return values_.at(pointer_to(schema_entry(key, "bool").name)).get<bool>();
}

std::int64_t Recipe::integer(std::string_view key) const {
  return values_.at(pointer_to(schema_entry(key, "integer").name)).get<std::int64_t>();
}

double Recipe::number(std::string_view key) const {
  return values_.at(pointer_to(schema_entry(key, "number", "integer").name)).get<double>();
}

std::string Recipe::string(std::string_view key) const {
  return values_.value(pointer_to(schema_entry(key, "string").name), std::string());
}

std::string Recipe::string_before_set(std::string_view key) const {
  const RecipeKey& entry = schema_entry(key, "string");
  return file_values_.value(pointer_to(entry.name),
                            entry.fallback.is_string() ? entry.fallback.get<std::string>() : "");
}

void Recipe::inherit(const nlohmann::json& other, std::string_view key_or_table) {
  for (const RecipeKey& key : schema_->keys()) {
    const bool meant = key.name == key_or_table || key.name.starts_with(std::string(key_or_table) + ".");
    const nlohmann::json::json_pointer place = pointer_to(key.name);
    if (!meant || !other.contains(place) || (given(key.name) && key.type != "table")) continue;
    nlohmann::json value = other.at(place);
    if (key.type == "table") value.merge_patch(values_.at(place));
    values_[place] = std::move(value);
  }
}

std::vector<std::string> Recipe::strings(std::string_view key) const {
  return values_.value(pointer_to(schema_entry(key, "strings").name), std::vector<std::string>());
}

std::vector<nlohmann::json> Recipe::tables(std::string_view key) const {
  return values_.value(pointer_to(schema_entry(key, "tables").name), std::vector<nlohmann::json>());
}

nlohmann::json Recipe::table(std::string_view key) const {
  return values_.value(pointer_to(schema_entry(key, "table").name), nlohmann::json::object());
}

bool Recipe::given(std::string_view key) const { return where(key) != "default"; }

std::string Recipe::where(std::string_view key) const {
  const std::string name(key);
  if (const auto found = origins_.find(name); found != origins_.end()) return found->get<std::string>();
  for (const auto& [written, origin] : origins_.items())  // a table: where the first of its keys was written
    if (written.starts_with(name + ".")) return origin.get<std::string>();
  return "default";
}

std::string Recipe::to_toml() const {
  std::string text = fmt::format("# The merged recipe {}, defaults included; at the right where a value was written.\n",
                                 toml_value(replace_invalid_utf8(path_.filename().string())));
  std::string table, tables;
  const auto end_table = [&] {
    text += tables;
    tables.clear();
  };
  for (const RecipeKey& key : schema_->keys()) {
    const nlohmann::json::json_pointer place = pointer_to(key.name);
    if (key.of_file || !values_.contains(place)) continue;
    const std::size_t dot = key.name.rfind('.');
    const std::string parent = dot == std::string::npos ? "" : key.name.substr(0, dot);
    if (parent != table) {
      end_table();
      text += fmt::format("\n[{}]\n", parent);
      table = parent;
    }
    const nlohmann::json& value = values_.at(place);
    if (key.type != "table")
      write_entry(text, key.name, key.name.substr(dot + 1), value, origins_);
    else if (!value.empty())
      write_table(tables, value, key.name, origins_);
  }
  end_table();
  return text;
}

std::vector<fs::path> Recipe::resolve_files(std::string_view key) const {
  const bool list = schema_entry(key, "strings", "string").type == "strings";
  return resolve_names(fmt::format("{}: {}", where(key), key),
                       list ? strings(key) : std::vector<std::string>{string(key)}, !list);
}

std::vector<fs::path> Recipe::resolve_names(const std::string& what, const std::vector<std::string>& patterns,
                                            bool one) const {
  std::vector<fs::path> folders = {fs::path()};
  for (fs::path folder = fs::absolute(path_.empty() ? fs::path("recipe.toml") : path_).lexically_normal().parent_path();
       ; folder = folder.parent_path()) {
    folders.push_back(folder);
    if (folder == folder.parent_path()) break;
  }
  // So the merged recipe of a run, which lies anywhere, finds the text of the recipe that it was made from.
  const fs::path shared = shared_folder();
  if (std::find(folders.begin(), folders.end(), shared) == folders.end()) folders.push_back(shared);
  std::vector<fs::path> files;
  for (const std::string& pattern : patterns) {
    if (pattern.empty() && one) continue;
    std::vector<fs::path> found;
    std::vector<std::string> tried;
    for (const fs::path& folder : folders) {
      found = matches(folder, pattern);
      if (found.empty()) refuse_unreachable(folder / pattern);
      tried.push_back((folder / pattern).string());
      if (!found.empty() || fs::path(pattern).is_absolute()) break;
    }
    if (pattern.empty() || found.empty())
      fail({what, fmt::format("there is no file {}; tried {}", toml_value(pattern), fmt::join(tried, ", ")), "",
            "Relative paths count from the working directory, then from the recipe's folder and those above it, "
            "then from the folder with what came with the program"},
           ErrorCode::not_found);
    if (!one && found.size() == 1 && fs::is_directory(found.front()))
      fail({what, fmt::format("{} is a folder", found.front().string()), "files",
            fmt::format("Write {} for all files in it", toml_value(pattern + "/*"))});
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace welt
