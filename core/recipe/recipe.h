// A recipe: TOML with `extends`, overrides and a schema. What a run does, fully resolved and checked.
//
// Merging: tables merge, arrays and scalars replace, later wins; order: the extended files (in order, each with its own
// `extends` first), the recipe, then --set values. `extends` is relative to the file that says it, then names a recipe
// that came with the program (find.h); cycles are an error.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

// One key of the schema. Types: "bool" "integer" "number" "string" "strings" (list of strings) "table" (free-form below
// it: config.* of a component, checked by the plugin's own schema).
struct RecipeKey {
  std::string name;                       // "train.steps"
  std::string type;
  nlohmann::json fallback;                // the default; null: none (the key is then absent unless given)
  std::string help;                       // one line
  double minimum = 0, maximum = 0;        // both 0: no range; inclusive
  std::vector<std::string> choices = {};  // strings; empty: any
};

inline constexpr double recipe_no_limit = 9e18;   // a `maximum` that only says "from `minimum` on"

// Every key there is, in the order they are documented and printed. core/recipe/schema.cpp holds the table.
const std::vector<RecipeKey>& recipe_schema();

class RecipeLoader;  // loader.h

class Recipe {
 public:
  // Reads, merges, checks. `overrides` are "key=value" with a TOML value ("train.steps=500", "name=\"x\"" or name=x: a
  // bare word that is no TOML value is taken as a string). Throws Error with *all* problems, one a line, each with
  // file:line (or --set), the nearest known key, what was found and expected.
  static Recipe load(const std::filesystem::path& path, const std::vector<std::string>& overrides = {});
  static Recipe parse(std::string_view toml, const std::filesystem::path& origin,
                      const std::vector<std::string>& overrides = {});

  // Values, defaults filled in. A key outside the schema is a logic error (throws internal).
  bool boolean(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  std::string string(std::string_view key) const;                   // "" when absent
  std::vector<std::string> strings(std::string_view key) const;
  nlohmann::json table(std::string_view key) const;                 // {} when absent; dotted keys nested
  bool given(std::string_view key) const;                           // written by a person (not the default)
  std::string where(std::string_view key) const;                    // "recipes/a.toml:12", "--set", or "default"

  std::string to_toml() const;          // the merged result with all defaults: parses back to an equal recipe
  const nlohmann::json& json() const { return values_; }
  const std::filesystem::path& path() const { return path_; }
  // A path written in the recipe: absolute as it is; relative to the working directory first, then to the recipe's
  // folder and its parents', then to the folder with what came with the program … the first that exists; otherwise an
  // Error that lists what was tried. Globs are expanded.
  std::vector<std::filesystem::path> resolve_files(std::string_view key) const;

 private:
  // Applies the overrides to what has been read, checks everything and takes it over.
  Recipe(RecipeLoader loader, const std::filesystem::path& path, const std::vector<std::string>& overrides);

  std::filesystem::path path_;
  nlohmann::json values_;               // nested; defaults included
  nlohmann::json origins_;              // flat: key → "file:line" | "--set"
};

}  // namespace welt
