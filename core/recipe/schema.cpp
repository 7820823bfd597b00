// See schema.h.
#include "core/recipe/schema.h"

#include <algorithm>

namespace welt {
namespace {

bool is_below(std::string_view name, std::string_view table) {
  return name.size() > table.size() && name.starts_with(table) && name[table.size()] == '.';
}

}  // namespace

RecipeKey choice_key(std::string name, std::string fallback, std::string help, std::vector<std::string> choices) {
  return {std::move(name), "string", std::move(fallback), std::move(help), 0, 0, std::move(choices)};
}

RecipeKey incidental(RecipeKey key) {
  key.incidental = true;
  return key;
}

const RecipeKey* RecipeSchema::find(std::string_view name) const {
  const auto found = std::ranges::find(keys_, name, &RecipeKey::name);
  return found == keys_.end() ? nullptr : &*found;
}

const RecipeKey* RecipeSchema::covering(std::string_view name) const {
  const auto found = std::ranges::find_if(keys_, [&](const RecipeKey& key) {
    return key.name == name || (key.type == "table" && is_below(name, key.name));
  });
  return found == keys_.end() ? nullptr : &*found;
}

bool RecipeSchema::is_table(std::string_view name) const {
  return std::ranges::any_of(keys_, [&](const RecipeKey& key) { return is_below(key.name, name); });
}

}  // namespace welt
