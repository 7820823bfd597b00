// Recipes: up to the first NUL byte TOML text, then --set values. Any of them is a recipe or an Error, and a recipe
// written out is the same recipe when it is read again.
#include "core/train/recipe_keys.h"

#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

constexpr const char* place = WELT_RECIPES "/fuzzed.toml";  // where `extends` looks from

// Every key of the schema can be asked for.
void read_all(const Recipe& recipe) {
  for (const RecipeKey& key : recipe_schema().keys()) {
    if (!key.fallback.is_null() || recipe.given(key.name)) {
      if (key.type == "bool") recipe.boolean(key.name);
      if (key.type == "integer") recipe.integer(key.name);
      if (key.type == "number") recipe.number(key.name);
    }
    if (key.type == "string") recipe.string(key.name);
    if (key.type == "strings") recipe.strings(key.name);
    if (key.type == "tables") recipe.tables(key.name);
    if (key.type == "table") recipe.table(key.name);
    fuzz::require(!recipe.where(key.name).empty(), "a value comes from somewhere");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  std::string_view toml, setting;
  input.text(toml);
  std::vector<std::string> settings;
  while (settings.size() < 8 && input.text(setting)) settings.emplace_back(setting);
  fuzz::answers([&] {
    const Recipe recipe = parse_recipe(toml, place, settings);
    read_all(recipe);
    const std::string written = recipe.to_toml();
    bool same = false;
    nlohmann::json merged = recipe.json();
    merged.erase("published");  // is said of the file, and no part of a merged recipe
    fuzz::require(fuzz::answers([&] { same = parse_recipe(written, place).json() == merged; }),
                  "a merged recipe can be read");
    fuzz::require(same, "a merged recipe is the recipe it was made of");
  });
  return 0;
}
