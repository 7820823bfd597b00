// See loader.h. Every problem is collected with its file and line; finish() reports them all.
#include "core/recipe/loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/utf8.h"
#include "core/recipe/find.h"
#include "core/recipe/toml_text.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

// One spelling for every way to a file. Without one (a name that no file can have) the path as it is.
fs::path one_spelling(const fs::path& path) {
  std::error_code error;
  const fs::path result = fs::weakly_canonical(path, error);
  return error ? path : result;
}

std::string join(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& part : path) text += (text.empty() ? "" : ".") + toml_key(part);
  return text;
}

std::string expectation(const RecipeKey& key) {
  std::string text = key.type;
  if (key.type == "bool") text = "true or false";
  if (key.type == "integer") text = "a whole number";
  if (key.type == "number") text = "a number";
  if (key.type == "string") text = "a string";
  if (key.type == "strings") text = "a list of strings";
  if (key.type == "tables") text = fmt::format("a list of tables, [[{}]] before each", key.name);
  if (key.type == "table") text = "a table";
  if (!key.choices.empty()) {
    std::vector<std::string> quoted;
    for (const std::string& choice : key.choices) quoted.push_back(toml_value(choice));
    return fmt::format("one of {}", fmt::join(quoted, ", "));
  }
  if (key.minimum == 0 && key.maximum == 0) return text;
  if (key.maximum >= recipe_no_limit) return fmt::format("{} from {} on", text, key.minimum);
  return fmt::format("{} from {} to {}", text, key.minimum, key.maximum);
}

// Makes `value` what the key's type wants; false: it is something else, out of range, or no choice.
bool fit(const RecipeKey& key, nlohmann::json& value) {
  if (key.type == "bool") return value.is_boolean();
  if (key.type == "table") return value.is_object();
  if (key.type == "tables")
    return value.is_array() && std::all_of(value.begin(), value.end(), [](const auto& v) { return v.is_object(); });
  if (key.type == "strings")
    return value.is_array() && std::all_of(value.begin(), value.end(), [](const auto& v) { return v.is_string(); });
  if (key.type == "string") {
    const std::vector<std::string>& choices = key.choices;
    return value.is_string() && (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end());
  }
  if (key.type == "number" && value.is_number()) value = value.get<double>();
  if (key.type == "integer" ? !value.is_number_integer() : !value.is_number()) return false;
  const double number = value.get<double>();
  return (key.minimum == 0 && key.maximum == 0) || (number >= key.minimum && number <= key.maximum);
}

}  // namespace

struct RecipeLoader::Source {
  std::string name;  // as messages show it: a file, or "--set key=value"
  fs::path folder;   // what `extends` is relative to
  bool is_override = false;
  std::string where(unsigned line) const { return is_override ? "--set" : fmt::format("{}:{}", name, line); }
};

std::string RecipeLoader::meant_key(const std::string& name) const {
  std::vector<std::string> names = {"extends"};
  for (const RecipeKey& key : schema_->keys()) names.push_back(key.name);
  if (std::string near = nearest(name, names); !near.empty()) return near;
  const auto last_part = [](const std::string& text) { return text.substr(text.rfind('.') + 1); };
  std::vector<std::string> last_parts;
  for (const std::string& known : names) last_parts.push_back(last_part(known));
  const std::string near = nearest(last_part(name), last_parts);
  const auto first = std::find(last_parts.begin(), last_parts.end(), near);
  const bool one = std::count(last_parts.begin(), last_parts.end(), near) == 1;
  return one ? names[static_cast<std::size_t>(first - last_parts.begin())] : "";
}

std::string RecipeLoader::advice(const std::string& name) const {
  if (const std::string meant = meant_key(name); !meant.empty()) return "did you mean " + meant + "?";
  const std::size_t dot = name.rfind('.');
  std::string table = dot == std::string::npos ? "" : name.substr(0, dot);
  if (!table.empty() && !schema_->is_table(table)) table.clear();
  std::vector<std::string> there;
  for (const RecipeKey& key : schema_->keys()) {
    if (!table.empty() && !key.name.starts_with(table + ".")) continue;
    const std::size_t begin = table.empty() ? 0 : table.size() + 1;
    std::string part = key.name.substr(begin, key.name.find('.', begin) - begin);
    if (std::find(there.begin(), there.end(), part) == there.end()) there.push_back(std::move(part));
  }
  return fmt::format("{} has {}", table.empty() ? "a recipe" : "[" + table + "]", fmt::join(there, ", "));
}

void RecipeLoader::report(const Source& source, unsigned line, std::string text) {
  const std::string where = source.is_override ? source.name : source.where(line);
  text = replace_invalid_utf8(where + ": " + text);
  if (std::find(problems_.begin(), problems_.end(), text) == problems_.end()) problems_.push_back(std::move(text));
}

void RecipeLoader::add_file(const fs::path& path) {
  constexpr int most_files = 200;
  if (++files_ > most_files)
    fail({path.string(), fmt::format("`extends` leads to more than {} files", most_files), "a few",
          "Let each file be extended once"});
  add_text(read_file(path), path);
}

void RecipeLoader::add_text(std::string_view text, const fs::path& origin) {
  const Source source{origin.string(), origin.parent_path()};
  toml::table table;
  try {
    table = parse_toml(text, source.name);
  } catch (const Error& error) {
    problems_.push_back(replace_invalid_utf8(error.what()));
    return;
  }
  open_.push_back(one_spelling(origin));
  if (const toml::node* extends = table.get("extends")) {
    add_extends(*extends, source);
    table.erase("extends");
  }
  const std::size_t problems_before = problems_.size();
  KeyPath path;
  add_nodes(table, path, source);
  // TOML++ gives keys in the order of the alphabet: back to the order of the lines.
  const auto line_of = [&](const std::string& problem) { return std::atoi(problem.c_str() + source.name.size() + 1); };
  std::stable_sort(problems_.begin() + static_cast<std::ptrdiff_t>(problems_before), problems_.end(),
                   [&](const std::string& a, const std::string& b) { return line_of(a) < line_of(b); });
  open_.pop_back();
}

void RecipeLoader::add_extends(const toml::node& node, const Source& source) {
  const unsigned line = node.source().begin.line;
  std::vector<std::string> names;
  if (const auto* one = node.as_string()) names.push_back(one->get());
  bool strings = node.is_string();
  if (const auto* list = node.as_array()) {
    strings = true;
    for (const toml::node& entry : *list) {
      strings = strings && entry.is_string();
      if (strings) names.push_back(entry.ref<std::string>());
    }
  }
  if (!strings) return report(source, line, "extends: is no file name; expected a string or a list of strings");
  for (const std::string& name : names) {
    const std::vector<fs::path> tried = recipe_places(name, source.folder);
    std::error_code ignored;
    const auto found = std::find_if(tried.begin(), tried.end(),
                                    [&](const fs::path& path) { return fs::is_regular_file(path, ignored); });
    if (found == tried.end()) {
      std::vector<std::string> texts;
      for (const fs::path& path : tried) texts.push_back(path.string());
      report(source, line,
             fmt::format("extends: there is no recipe {}; tried {}", toml_value(name), fmt::join(texts, ", ")));
      continue;
    }
    if (std::find(open_.begin(), open_.end(), one_spelling(*found)) != open_.end()) {
      report(source, line,
             fmt::format("extends: {} extends itself, directly or through others; expected no cycle", found->string()));
      continue;
    }
    try {
      add_file(*found);
    } catch (const Error& error) {
      report(source, line, std::string("extends: ") + error.what());
    }
  }
}

void RecipeLoader::add_nodes(const toml::table& table, KeyPath& path, const Source& source) {
  constexpr std::size_t deepest = 64;
  if (path.size() == deepest)
    return report(source, table.source().begin.line, fmt::format("tables more than {} levels deep", deepest));
  for (const auto& [key, node] : table) {
    path.emplace_back(key.str());
    const toml::table* inner = node.as_table();
    if (inner != nullptr && !inner->empty())
      add_nodes(*inner, path, source);
    else
      add_leaf(path, node, source);
    path.pop_back();
  }
}

// A leaf is a value, or a table with nothing in it.
void RecipeLoader::add_leaf(const KeyPath& path, const toml::node& node, const Source& source) {
  const unsigned line = node.source().begin.line;
  const std::string name = join(path);
  nlohmann::json value;
  try {
    value = json_of(node);
  } catch (const std::invalid_argument& what) {
    const RecipeKey* key = schema_->find(name);
    return report(source, line,
                  fmt::format("{}: found {}; expected {}", name, what.what(),
                              key != nullptr ? expectation(*key) : "a value that JSON has too"));
  }
  std::string prefix;
  for (std::size_t i = 0; i < path.size(); ++i) {
    prefix += (i == 0 ? "" : ".") + path[i];
    const RecipeKey* key = path[i].find('.') == std::string::npos ? schema_->find(prefix) : nullptr;
    if (key == nullptr) {
      if (path[i].find('.') != std::string::npos) break;  // "train.steps" in quotes is another key than train.steps
      continue;
    }
    if (key->type == "table" && i + 1 < path.size()) return store(path, std::move(value), source.where(line));
    if (i + 1 < path.size()) value = nlohmann::json::object();  // a table where a value belongs
    if (source.is_override && key->type == "strings" && value.is_string()) value = nlohmann::json::array({value});
    if (fit(*key, value)) return store(path, std::move(value), source.where(line));
    return report(source, line,
                  fmt::format("{}: found {}; expected {}", key->name, describe_value(value), expectation(*key)));
  }
  if (schema_->is_table(name)) {
    if (!value.is_object())
      report(source, line, fmt::format("{}: found {}; expected a table", name, describe_value(value)));
    return;
  }
  report(source, line, fmt::format("unknown key {}; {}", name, advice(name)));
}

void RecipeLoader::store(const KeyPath& path, nlohmann::json value, const std::string& where) {
  nlohmann::json* place = &values;
  std::string name;
  const auto forget_below = [&] {
    for (auto entry = origins.begin(); entry != origins.end();)
      entry = entry.key().starts_with(name + ".") ? origins.erase(entry) : std::next(entry);
  };
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    name += (i == 0 ? "" : ".") + path[i];
    place = &(*place)[path[i]];
    if (!place->is_object()) {
      *place = nlohmann::json::object();  // new, or a table over a value of a free table
      origins.erase(name);
    }
  }
  name += (path.size() == 1 ? "" : ".") + path.back();
  place = &(*place)[path.back()];
  if (value.is_object() && value.empty() && place->is_object()) return;  // merging nothing into a table
  *place = std::move(value);
  forget_below();
  origins[name] = where;
}

void RecipeLoader::add_override(const std::string& text) {
  const Source source{"--set " + text, {}, true};
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  if (equals == std::string::npos || key.find('\n') != std::string::npos)
    return report(source, 0, "is no setting; expected key=value, for example train.steps=500");
  if (find_invalid_utf8(text) != utf8_ok) return report(source, 0, "is not UTF-8");
  std::string value = text.substr(equals + 1);
  // The key alone gives the place, the value alone its type: neither can smuggle in a second setting.
  toml::table place, holder;
  try {
    place = parse_toml(key + " = 0", "--set");
  } catch (const Error&) {
    return report(source, 0, "is no setting; expected key=value, for example train.steps=500");
  }
  KeyPath path;
  const toml::node* node = &place;
  for (const toml::table* inner = node->as_table(); inner != nullptr; inner = node->as_table()) {
    if (inner->size() != 1) break;
    path.emplace_back(inner->begin()->first.str());
    node = &inner->begin()->second;
  }
  if (path.empty())  // a comment
    return report(source, 0, "is no setting; expected key=value, for example train.steps=500");
  if (path.front() == "extends") return report(source, 0, "extends cannot be set; write a recipe that extends others");
  try {
    holder = parse_toml("value = " + value, "--set");
  } catch (const Error& error) {
    const std::size_t first = value.find_first_not_of(" \t");
    if (first != std::string::npos && std::string_view("\"'[{").find(value[first]) != std::string_view::npos)
      return report(source, 0, std::string("the value ") + error.what());
    holder.clear();
  }
  const RecipeKey* known = schema_->find(join(path));
  const bool bare = holder.size() != 1;
  // name=5 and from=2024-01-01 are meant as text: nobody quotes twice for a shell.
  const bool text_wanted = known != nullptr && known->type == "string" && !bare &&
                           !holder.begin()->second.is_string() && !holder.begin()->second.is_array() &&
                           !holder.begin()->second.is_table();
  if (bare || text_wanted) {
    holder.clear();
    holder.insert("value", value);
  }
  const toml::node& given = holder.begin()->second;
  const toml::table* inner = given.as_table();
  if (inner != nullptr && !inner->empty())
    add_nodes(*inner, path, source);
  else
    add_leaf(path, given, source);
}

void RecipeLoader::check_together() {
  const std::string& name = values["name"].get_ref<const std::string&>();
  const bool bad = name.empty() || name == "." || name == ".." || name.size() > 200 ||
                   std::any_of(name.begin(), name.end(), [](char c) { return c == '/' || (c >= 0 && c < 0x20); });
  if (bad)
    problems_.push_back(fmt::format("{}: name: found {}; expected a name that a folder can have (no /)",
                                    origins.value("name", std::string("default")), describe_value(values["name"])));
  if (values["compat"]["reference_compatible"].get<bool>()) {
    for (auto& [key, value] : values["compat"].items()) {
      if (origins.contains("compat." + key)) continue;
      value = true;
      origins["compat." + key] = origins["compat.reference_compatible"];
    }
  }
}

void RecipeLoader::finish(const fs::path& path) {
  for (const RecipeKey& key : schema_->keys()) {
    if (key.fallback.is_null()) continue;
    std::string pointer = "/" + key.name;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    nlohmann::json& value = values[nlohmann::json::json_pointer(pointer)];
    if (value.is_null()) value = key.fallback;
  }
  if (values["name"] == "") values["name"] = replace_invalid_utf8(path.stem().string());
  check_together();
  if (problems_.empty()) return;
  if (problems_.size() == 1) throw Error(problems_.front());
  throw Error(fmt::format("{}: {} problems\n{}", path.string(), problems_.size(), fmt::join(problems_, "\n")));
}

}  // namespace welt
