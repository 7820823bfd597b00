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

#include "core/recipe/schema.h"

namespace welt {

class RecipeLoader;  // loader.h

class Recipe {
 public:
  // Reads, merges, checks. `overrides` are "key=value" with a TOML value ("train.steps=500", "name=\"x\"" or name=x: a
  // bare word that is no TOML value is taken as a string). Throws Error with *all* problems, one a line, each with
  // file:line (or --set), the nearest known key, what was found and expected.
  // The schema outlives the recipe.
  static Recipe load(const RecipeSchema& schema, const std::filesystem::path& path,
                     const std::vector<std::string>& overrides = {});
  static Recipe parse(const RecipeSchema& schema, std::string_view toml, const std::filesystem::path& origin,
                      const std::vector<std::string>& overrides = {});

  // Values, defaults filled in. A key outside the schema is a logic error (throws internal).
  bool boolean(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  std::string string(std::string_view key) const;  // "" when absent
  std::vector<std::string> strings(std::string_view key) const;
  nlohmann::json table(std::string_view key) const;                // {} when absent; dotted keys nested
  std::vector<nlohmann::json> tables(std::string_view key) const;  // none when absent
  bool given(std::string_view key) const;                          // written by a person (not the default)
  std::string where(std::string_view key) const;                   // "recipes/a.toml:12", "--set", or "default"

  std::string string_before_set(std::string_view key) const;  // as the files say it, whatever --set does

  // A key, or keys below a table, that nobody wrote take the values of another recipe of the same schema (its json());
  // free tables those of their entries.
  void inherit(const nlohmann::json& other, std::string_view key_or_table);

  // The merged result with all defaults, without what is said of a file: parses back to a recipe that is else equal.
  std::string to_toml() const;
  const RecipeSchema& schema() const { return *schema_; }
  const nlohmann::json& json() const { return values_; }
  const std::filesystem::path& path() const { return path_; }
  // A path written in the recipe: absolute as it is; relative to the working directory first, then to the recipe's
  // folder and its parents', then to the folder with what came with the program … the first that exists; otherwise an
  // Error that lists what was tried. Globs are expanded.
  std::vector<std::filesystem::path> resolve_files(std::string_view key) const;
  // The same of names in one of the tables of `key`; `what` starts messages. A folder is allowed where `one` is asked.
  std::vector<std::filesystem::path> resolve_names(const std::string& what, const std::vector<std::string>& patterns,
                                                   bool one) const;

 private:
  // Applies the overrides to what has been read, checks everything and takes it over.
  Recipe(RecipeLoader loader, const std::filesystem::path& path, const std::vector<std::string>& overrides);
  const RecipeKey& schema_entry(std::string_view key, std::string_view type, std::string_view other_type = {}) const;

  const RecipeSchema* schema_;
  std::filesystem::path path_;
  nlohmann::json values_;       // nested; defaults included
  nlohmann::json file_values_;  // nested: what the files say, before --set, without defaults
  nlohmann::json origins_;      // flat: key → "file:line" | "--set"
};

}  // namespace welt
