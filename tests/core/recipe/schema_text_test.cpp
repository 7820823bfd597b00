// docs/recipes.md lists every key of a recipe as the schema has it.
#include "core/recipe/schema_text.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/file.h"
#include "core/train/recipe_keys.h"

namespace welt {
namespace {

// What stands between the two markers of docs/recipes.md.
std::string documented() {
  const std::string page = read_file(WELT_SOURCE_DIR "/docs/recipes.md");
  const std::string begin = "<!-- keys: written by `make docs` -->\n", end = "<!-- end of keys -->";
  const std::size_t first = page.find(begin), last = page.find(end);
  if (first == std::string::npos || last == std::string::npos) return "docs/recipes.md lacks the markers of the keys";
  return page.substr(first + begin.size(), last - first - begin.size());
}

TEST(SchemaText, DocumentedKeysAreThoseOfTheSchema) {
  EXPECT_EQ(documented(), recipe_keys_markdown(recipe_schema()))
      << "docs/recipes.md is behind the keys of core/*/recipe_keys.cpp. Rewrite it: make docs";
}

TEST(SchemaText, EveryKeyHasARow) {
  const std::string text = recipe_keys_markdown(recipe_schema());
  for (const RecipeKey& key : recipe_schema().keys()) {
    const std::string last = key.name.substr(key.name.rfind('.') + 1);
    EXPECT_NE(text.find("| `" + last + "` | " + key.type + " | "), std::string::npos) << key.name;
    EXPECT_FALSE(key.help.empty()) << key.name;
    EXPECT_EQ(key.help.find('|'), std::string::npos) << key.name << ": a bar would end the cell";
  }
}

}  // namespace
}  // namespace welt
