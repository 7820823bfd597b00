// Recipes that came with the program are found by name from any folder, and so is their text.
#include <gtest/gtest.h>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

Outcome validate_in(const TempFolder& folder, const std::string& recipe) {
  return run_welt({"validate", recipe}, "cd " + shell_quoted(folder.path()) + " &&");
}

TEST(RecipeByName, WhatCameWithTheProgramIsFoundFromAnyFolder) {
  const TempFolder folder;
  for (const char* name : {"quickstart.toml", "recipes/quickstart.toml"}) {
    const Outcome outcome = validate_in(folder, name);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, std::string(name) + ": ok (2 text files)\n");
  }
}

TEST(RecipeByName, AFileOfThatNameInTheWorkingFolderWins) {
  const TempFolder folder;
  folder.put("quickstart.toml", "sed = 1");
  EXPECT_CONTAINS(validate_in(folder, "quickstart.toml").err, "quickstart.toml:1: unknown key sed");
}

TEST(RecipeByName, ARecipeElsewhereExtendsWhatCameWithTheProgramAndUsesItsText) {
  const TempFolder folder;
  for (const char* base : {"presets/nano.toml", "recipes/presets/nano.toml"}) {
    folder.put("mine.toml", std::string("extends = \"") + base +
                                "\"\n[data.train]\nfiles = [\"data/quickstart/*.txt\"]\n"
                                "[data.validation]\nfraction = 0.1\n");
    const Outcome outcome = validate_in(folder, "mine.toml");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "mine.toml: ok (2 text files)\n");
  }
}

TEST(RecipeByName, AMisspeltNameGetsTheNearestThatThereIs) {
  const TempFolder folder;
  const Outcome outcome = validate_in(folder, "quikstart.toml");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_CONTAINS(outcome.err, "tried " + (folder / "quikstart.toml").string() + ", ");
  EXPECT_CONTAINS(outcome.err, "Did you mean \"quickstart.toml\"");
}

}  // namespace
}  // namespace welt::test
