// core/recipe: every kind of mistake, each with file and line, all at once; and a bounded fuzz loop.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/recipe/recipe.h"
#include "core/train/recipe_keys.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using test::error_of;
using test::TempFolder;

std::string problem(const std::string& toml) {
  return error_of([&] { parse_recipe(toml, "r.toml"); });
}

TEST(RecipeProblems, UnknownKeysNameTheNearest) {
  EXPECT_EQ(problem("[train]\n\nlearnin_rate = 1"),
            "r.toml:3: unknown key train.learnin_rate; did you mean train.learning_rate?");
  EXPECT_EQ(problem("steps = 5"), "r.toml:1: unknown key steps; did you mean train.steps?");  // another table
  EXPECT_CONTAINS(problem("[train]\nxylophone = 1"), "[train] has steps, minutes, batch");
  EXPECT_CONTAINS(problem("xylophone = 1"), "a recipe has task, name");
  EXPECT_CONTAINS(problem("extend = \"x\""), "did you mean extends?");
  EXPECT_CONTAINS(problem("\"train.steps\" = 1"), "unknown key \"train.steps\"; did you mean train.steps?");
  EXPECT_CONTAINS(problem("model.latent.config_x.y = 1"), "unknown key model.latent.config_x.y");
}

TEST(RecipeProblems, AMisspeltTableIsReportedByItsKeys) {
  const std::string message = problem("[trian]\nsteps = 1\nbatch = 2\n");
  EXPECT_CONTAINS(message, "r.toml:2: unknown key trian.steps; did you mean train.steps?");
  EXPECT_CONTAINS(message, "r.toml:3: unknown key trian.batch; did you mean train.batch?");
  EXPECT_CONTAINS(problem("[trian]"), "r.toml:1: unknown key trian");
}

TEST(RecipeProblems, WrongTypesSayFoundAndExpected) {
  EXPECT_EQ(problem("[train]\nsteps = \"many\""),
            "r.toml:2: train.steps: found the string \"many\"; expected a whole number from 0 on");
  EXPECT_CONTAINS(problem("train.steps = 1.5"), "found the number 1.5; expected a whole number");
  EXPECT_CONTAINS(problem("train.steps = [1]"), "found a list");
  EXPECT_CONTAINS(problem("train.steps = {a = 1, b = 2}"), "train.steps: found a table");
  EXPECT_CONTAINS(problem("train.steps = {}"), "train.steps: found a table");
  EXPECT_CONTAINS(problem("train.steps = 2024-01-01"), "found a date or time; expected a whole number");
  EXPECT_CONTAINS(problem("train.learning_rate = nan"), "found the number nan; expected a number");
  EXPECT_CONTAINS(problem("train.learning_rate = inf"), "found the number inf");
  EXPECT_CONTAINS(problem("data.shuffle = 1"), "found the whole number 1; expected true or false");
  EXPECT_CONTAINS(problem("name = true"), "found true; expected a string");
  EXPECT_CONTAINS(problem("[data.train]\nfiles = \"x\""), "expected a list of strings");
  EXPECT_CONTAINS(problem("[data.train]\nfiles = [\"x\", 1]"), "found a list; expected a list of strings");
  EXPECT_CONTAINS(problem("train = 3"), "r.toml:1: train: found the whole number 3; expected a table");
  EXPECT_CONTAINS(problem("[[train]]\nsteps = 1"), "train: found a list; expected a table");
  EXPECT_CONTAINS(problem("model.latent.config = 3"),
                  "model.latent.config: found the whole number 3; expected a table");
  EXPECT_CONTAINS(problem("model.latent.config.x = inf"), "model.latent.config.x: found the number inf");
}

TEST(RecipeProblems, RangesAndChoices) {
  EXPECT_CONTAINS(problem("[data.validation]\nfraction = 0.6"),
                  "found the number 0.6; expected a number from 0 to 0.5");
  EXPECT_CONTAINS(problem("train.batch = 0"), "expected a whole number from 1 to 1000000");
  EXPECT_CONTAINS(problem("model.segmenter.max_bytes = 1"), "from 2 to 1024");
  EXPECT_CONTAINS(problem("seed = -1"), "expected a whole number from 0 on");
  EXPECT_CONTAINS(problem("precision = \"fp16\""), "found the string \"fp16\"; expected one of \"fp32\", \"amp\"");
  EXPECT_CONTAINS(problem("[model.bytes_encoder]\npooling = \"max\""), "one of \"\", \"first\", \"last\", \"mean\"");
}

TEST(RecipeProblems, ANameMustBeAFolderName) {
  for (const char* name : {"a/b", "..", ".", "/x", "a\\nb"})
    EXPECT_CONTAINS(problem("name = \"" + std::string(name) + "\""), "r.toml:1: name: found the string");
}

TEST(RecipeProblems, AllAreReportedAtOnceInOrderOfTheirLinesAlsoOfExtendedFiles) {
  const TempFolder folder;
  folder.put("base.toml", "\nsede = 1\n");
  const auto path = folder.put("r.toml",
                               "extends = \"base.toml\"\nthreads = -1\n[train]\nsteps = \"x\"\nbach = 2\n"
                               "[data]\nshuffel = true\n");
  const std::string message = error_of([&] { load_recipe(path, {"nmae=x", "train.words=0"}); });
  EXPECT_CONTAINS(message, "r.toml: 7 problems\n");
  std::size_t last = 0;
  for (const char* part :
       {"base.toml:2: unknown key sede; did you mean seed?", "r.toml:2: threads", "r.toml:4: train.steps",
        "r.toml:5: unknown key train.bach", "r.toml:7: unknown key data.shuffel", "--set nmae=x",
        "--set train.words=0: train.words: found the whole number 0"}) {
    const std::size_t place = message.find(part);
    ASSERT_NE(place, std::string::npos) << part << " is missing in: " << message;
    EXPECT_GT(place, last) << message;
    last = place;
  }
}

TEST(RecipeProblems, WhatIsNoTomlHasALine) {
  EXPECT_CONTAINS(problem("a = 1\nb = = 2"), "r.toml:2: is no TOML (column 5)");
  EXPECT_CONTAINS(problem("[train]\nsteps = 1\nsteps = 2"), "r.toml:3: is no TOML");  // twice
  EXPECT_CONTAINS(problem("name = \"\xFF\""), "r.toml:1: is no TOML");
  EXPECT_CONTAINS(problem("name = \"open"), "r.toml:1: is no TOML");
}

TEST(RecipeProblems, AMissingRecipeIsNamed) {
  const std::string message = error_of([] { load_recipe("no/such/recipe.toml"); });
  EXPECT_CONTAINS(message, "no/such/recipe.toml: cannot be opened");
}

TEST(RecipeProblems, DeepNestingIsRefusedNotFollowed) {
  std::string dots = "a", brackets(100'000, '['), tables;
  for (int i = 0; i < 200'000; ++i) dots += ".a";
  EXPECT_CONTAINS(problem(dots + " = 1"), "r.toml:1: a key with more than 32 dots");
  EXPECT_CONTAINS(problem("# x\n[" + dots + "]"), "r.toml:2: a key with more than 32 dots");
  EXPECT_CONTAINS(problem("x = {" + dots + " = 1}"), "r.toml:1: a key with more than 32 dots");
  EXPECT_CONTAINS(problem("x = " + brackets), "is no TOML");
  for (int i = 0; i < 200; ++i) tables += "{a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d = ";
  EXPECT_CONTAINS(problem("model.latent.config.x = " + tables + "1" + std::string(200, '}')), "more than 64 levels");
}

TEST(RecipeProblems, DotsInStringsAndCommentsAreNoNesting) {
  const std::string dots(100, '.');
  EXPECT_EQ(
      parse_recipe("# " + dots + "\nname = \"x" + dots + "\"\nrun_dir = '''\n" + dots + "''' # \" " + dots + "\n" +
                       "[data.train]\nfiles = [\"\\\"" + dots + "\", '\\" + dots + "', \"\"\"\n\\\"" + dots + "\"\"\"]",
                   "r.toml")
          .string("name"),
      "x" + dots);
}

TEST(RecipeFuzz, DamagedTextIsReadOrRefusedNeverMore) {
  const std::string good =
      "name = \"x\"\nseed = 12 # c\n[train]\nsteps = 100\nlearning_rate = 1e-3\nschedule = 'linear'\n"
      "[data.train]\nfiles = [\"a.txt\", \"\"\"b\nc\"\"\"]\n[model.latent]\nconfig.a.b = {c = [1, 2.5], d = "
      "\"\\u00e9\"}\n"
      "[compat]\nreference_compatible = true\n";
  std::size_t read = 0, refused = 0;
  const auto attempt = [&](const std::string& text) {
    try {
      const Recipe recipe = parse_recipe(text, "r.toml");
      ASSERT_EQ(parse_recipe(recipe.to_toml(), "r.toml").json(), recipe.json()) << text;
      ++read;
    } catch (const Error& error) {
      EXPECT_CONTAINS(error.what(), "r.toml");
      ++refused;
    }
  };
  for (std::size_t size = 0; size < good.size(); ++size) attempt(good.substr(0, size));
  std::mt19937 random(11);
  const std::string alphabet =
      "{}[]\"'=.,#\n\\ \xFF\x01"
      "0a-_e";
  for (int round = 0; round < 1200; ++round) {
    std::string bad = good;
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t place = random() % bad.size();
      const char c = alphabet[random() % alphabet.size()];
      if (random() % 3 == 0)
        bad.insert(place, 1, c);
      else if (random() % 2 == 0)
        bad.erase(place, 1 + random() % 3);
      else
        bad[place] = c;
    }
    attempt(bad);
    try {
      parse_recipe("", "r.toml", {bad.substr(random() % bad.size(), random() % 20)});
    } catch (const Error& error) {
      EXPECT_CONTAINS(error.what(), "--set");
    }
  }
  EXPECT_GT(read, 20U);
  EXPECT_GT(refused, 500U);
}

}  // namespace
}  // namespace welt
