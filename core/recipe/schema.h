// What a recipe may say: its keys, each with type, default, range and help. The tables themselves are with what reads
// the keys (core/model, core/data, core/train); core/train/recipe_keys.h puts them together.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

// Types: "bool" "integer" "number" "string" "strings" (list of strings) "tables" (list of tables, free-form:
// checked by what reads it) "table" (free-form below it: config.* of a
// component, checked by the plugin's own schema).
struct RecipeKey {
  std::string name;  // "train.steps"
  std::string type;
  nlohmann::json fallback;                // the default; null: none (the key is then absent unless given)
  std::string help;                       // one line
  double minimum = 0, maximum = 0;        // both 0: no range; inclusive
  std::vector<std::string> choices = {};  // strings; empty: any
  // A run may be resumed with another value: what is learnt stays the same.
  bool incidental = false;
  // It says something of the file that it is written in: no part of a merged recipe.
  bool of_file = false;
};

inline constexpr double recipe_no_limit = 9e18;  // a `maximum` that only says "from `minimum` on"

// A string that is one of `choices`.
RecipeKey choice_key(std::string name, std::string fallback, std::string help, std::vector<std::string> choices);
// The key, marked so.
RecipeKey incidental(RecipeKey key);

// [concurrent]
class RecipeSchema {
 public:
  // In the order the keys are documented and printed.
  explicit RecipeSchema(std::vector<RecipeKey> keys) : keys_(std::move(keys)) {}
  const std::vector<RecipeKey>& keys() const { return keys_; }
  // Null: there is none of this name.
  const RecipeKey* find(std::string_view name) const;
  // The key of this name, or the free-form table that it lies in.
  const RecipeKey* covering(std::string_view name) const;
  bool is_table(std::string_view name) const;  // some key is below it

 private:
  std::vector<RecipeKey> keys_;
};

}  // namespace welt
