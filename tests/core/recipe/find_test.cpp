// core/recipe/find.h: which files a recipe's name may mean. What came with the program:
// tests/apps/find_recipe_test.cpp.
#include "core/recipe/find.h"

#include <gtest/gtest.h>

#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::TempFolder;
using Places = std::vector<fs::path>;

TEST(FindRecipe, ANameMeansTheFileInTheFolderThenTheOneThatCameWithTheProgram) {
  const fs::path shared = shared_folder();
  ASSERT_TRUE(shared.is_absolute());
  EXPECT_EQ(recipe_places("presets/nano.toml", "/here"),
            (Places{"/here/presets/nano.toml", shared / "recipes/presets/nano.toml"}));
  EXPECT_EQ(recipe_places("recipes/presets/nano.toml", "/here"),
            (Places{"/here/recipes/presets/nano.toml", shared / "recipes/presets/nano.toml"}));
  EXPECT_EQ(recipe_places("a.toml", ""), (Places{"a.toml", shared / "recipes/a.toml"}));
}

TEST(FindRecipe, AbsoluteNamesAndThoseThatStartWithADotMeanOneFile) {
  EXPECT_EQ(recipe_places("/there/a.toml", "/here"), Places{"/there/a.toml"});
  EXPECT_EQ(recipe_places("./a.toml", "/here"), Places{"/here/a.toml"});
  EXPECT_EQ(recipe_places("../a.toml", "/here/b"), Places{"/here/a.toml"});
  EXPECT_EQ(recipe_places("", "/here").size(), 1U);
}

TEST(FindRecipe, WhatIsThereIsTakenAsItIsNamed) {
  const TempFolder folder;
  const fs::path file = folder.put("a.toml", "");
  EXPECT_EQ(find_recipe(file), file);
  EXPECT_EQ(find_recipe(folder.path()), folder.path());  // reading it says that it is a folder
}

TEST(FindRecipe, WhatIsNowhereListsEveryPathTried) {
  const std::string message = error_of([] { find_recipe("no/such.toml"); });
  EXPECT_CONTAINS(message, "recipe \"no/such.toml\": there is no such file; tried " +
                               (fs::current_path() / "no/such.toml").string() + ", " +
                               (shared_folder() / "recipes/no/such.toml").string());
  EXPECT_CONTAINS(error_of([] { find_recipe(""); }), "recipe \"\": there is no such file");
}

}  // namespace
}  // namespace welt
