// core/recipe: values, defaults, merging, overrides, and what a merged recipe looks like.
#include "core/recipe/recipe.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/file.h"
#include "core/train/recipe_keys.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using test::error_of;
using test::TempFolder;
using Strings = std::vector<std::string>;

TEST(RecipeSchema, EveryKeyHasHelpAndADefaultThatItsOwnCheckAccepts) {
  std::set<std::string> names;
  for (const RecipeKey& key : recipe_schema().keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name << " is there twice";
    EXPECT_GT(key.help.size(), 10U) << key.name;
    EXPECT_EQ(key.help.find('\n'), std::string::npos) << key.name;
    EXPECT_LE(key.minimum, key.maximum) << key.name;
  }
  const Recipe defaults = parse_recipe("", "empty.toml");
  EXPECT_NO_THROW(parse_recipe(defaults.to_toml(), "empty.toml"));  // reading checks every value written
}

TEST(Recipe, DefaultsAreFilledIn) {
  const Recipe recipe = parse_recipe("", "folder/my-run.toml");
  EXPECT_EQ(recipe.string("task"), "train");
  EXPECT_EQ(recipe.string("name"), "my-run");
  EXPECT_EQ(recipe.integer("seed"), 42);
  EXPECT_EQ(recipe.number("train.learning_rate"), 6e-4);
  EXPECT_EQ(recipe.number("train.steps"), 1000);
  EXPECT_TRUE(recipe.boolean("model.bytes_encoder.enabled"));
  EXPECT_EQ(recipe.strings("data.train.files"), Strings());
  EXPECT_EQ(recipe.table("model.latent.config"), nlohmann::json::object());
  EXPECT_FALSE(recipe.given("train.steps"));
  EXPECT_EQ(recipe.where("train.steps"), "default");
}

TEST(Recipe, ValuesAreReadWithTheirPlace) {
  const Recipe recipe = parse_recipe(R"(
name = "x"
[train]
steps = 7
learning_rate = 1        # whole numbers are numbers
[data.train]
files = ["a", "b"]
[model.latent]
plugin = "llama"
config.hidden_size = 128
config.rope = {type = "linear", factor = 2.0, list = [1, 2.5, {a = "b"}]}
)",
                                     "r.toml");
  EXPECT_EQ(recipe.integer("train.steps"), 7);
  EXPECT_EQ(recipe.number("train.learning_rate"), 1.0);
  EXPECT_EQ(recipe.strings("data.train.files"), (Strings{"a", "b"}));
  EXPECT_EQ(recipe.table("model.latent.config"), nlohmann::json::parse(R"({"hidden_size":128,
              "rope":{"type":"linear","factor":2.0,"list":[1,2.5,{"a":"b"}]}})"));
  EXPECT_EQ(recipe.where("train.steps"), "r.toml:4");
  EXPECT_EQ(recipe.where("model.latent.config.hidden_size"), "r.toml:10");
  EXPECT_EQ(recipe.where("model.latent.config.rope.type"), "r.toml:11");
  EXPECT_EQ(recipe.where("model.latent.config"), "r.toml:10");
  EXPECT_TRUE(recipe.given("model.latent.config"));
  EXPECT_FALSE(recipe.given("model.decoder.config"));
}

TEST(Recipe, AKeyOutsideTheSchemaOrOfAnotherTypeIsALogicError) {
  const Recipe recipe = parse_recipe("", "r.toml");
  try {
    recipe.integer("train.stepps");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::internal);
  }
  EXPECT_CONTAINS(error_of([&] { recipe.string("train.steps"); }), "is of type integer");
}

TEST(RecipeExtends, TablesMergeListsReplaceLaterWins) {
  const TempFolder folder;
  folder.put("base/a.toml",
             "seed = 1\n[train]\nsteps = 1\nbatch = 1\n[data.train]\nfiles = [\"a\", \"b\"]\n"
             "[model.latent.config]\nx = 1\ny = {p = 1, q = 2}\n");
  folder.put("base/b.toml", "extends = \"c.toml\"\n[train]\nbatch = 2\n");
  folder.put("base/c.toml", "[train]\nwords = 3\nbatch = 9\n");  // found beside the file that says it
  const auto path = folder.put("r.toml",
                               "extends = [\"base/a.toml\", \"base/b.toml\"]\n[data.train]\nfiles = [\"c\"]\n"
                               "[model.latent.config]\ny = {q = 3}\nx = {deep = 4}\n");
  const Recipe recipe = load_recipe(path, {"train.words=4"});
  EXPECT_EQ(recipe.integer("seed"), 1);
  EXPECT_EQ(recipe.integer("train.steps"), 1);
  EXPECT_EQ(recipe.integer("train.batch"), 2);
  EXPECT_EQ(recipe.integer("train.words"), 4);
  EXPECT_EQ(recipe.strings("data.train.files"), (Strings{"c"}));
  EXPECT_EQ(recipe.table("model.latent.config"), nlohmann::json::parse(R"({"x":{"deep":4},"y":{"p":1,"q":3}})"));
  EXPECT_EQ(recipe.where("train.steps"), (folder / "base/a.toml").string() + ":3");
  EXPECT_EQ(recipe.where("train.batch"), (folder / "base/b.toml").string() + ":3");
  EXPECT_EQ(recipe.where("train.words"), "--set");
  EXPECT_EQ(recipe.where("model.latent.config.x"), path.string() + ":6");
}

TEST(RecipeExtends, TheSameBaseTwiceIsNoCycle) {
  const TempFolder folder;
  folder.put("base.toml", "seed = 5");
  folder.put("a.toml", "extends = \"base.toml\"");
  folder.put("b.toml", "extends = \"base.toml\"");
  EXPECT_EQ(load_recipe(folder.put("r.toml", "extends = [\"a.toml\", \"b.toml\"]")).integer("seed"), 5);
}

TEST(RecipeExtends, CyclesMissingFilesAndWrongTypesAreReported) {
  const TempFolder folder;
  const auto path = folder.put("a.toml", "\nextends = \"sub/b.toml\"");
  folder.put("sub/b.toml", "extends = \"../a.toml\"");
  EXPECT_CONTAINS(error_of([&] { load_recipe(path); }), "sub/b.toml:1: extends: ");
  EXPECT_CONTAINS(error_of([&] { load_recipe(path); }), "no cycle");
  EXPECT_CONTAINS(error_of([&] { load_recipe(folder.put("self.toml", "extends = \"./self.toml\"")); }), "no cycle");
  const std::string missing = error_of([&] { load_recipe(folder.put("m.toml", "extends = [\"tiny.toml\"]")); });
  EXPECT_CONTAINS(missing, "m.toml:1: extends: there is no recipe \"tiny.toml\"; tried " + folder.path().string());
  EXPECT_CONTAINS(missing, "recipes/tiny.toml");  // the installation's folder
  EXPECT_CONTAINS(error_of([&] { load_recipe(folder.put("t.toml", "extends = 3")); }), "t.toml:1: extends:");
}

TEST(RecipeExtends, ManyFilesExtendingTwiceStopEarly) {
  const TempFolder folder;
  for (int i = 0; i < 40; ++i) {
    const std::string next = "\"" + std::to_string(i + 1) + ".toml\"";
    folder.put(std::to_string(i) + ".toml", "extends = [" + next + ", " + next + "]");
  }
  folder.put("40.toml", "seed = 1");
  EXPECT_CONTAINS(error_of([&] { load_recipe(folder / "0.toml"); }), "more than 200 files");
}

TEST(RecipeOverride, ValuesAreToml) {
  const Recipe recipe =
      parse_recipe("seed = 1", "r.toml",
                   {"train.steps=500", "name=\"q\"", "train.learning_rate = 1e-3", "data.shuffle=false",
                    "data.train.files=[\"a\", \"b\"]", "model.latent.config.sizes=[1, 2]",
                    "train={batch = 3, words = 4}", "model.latent.config.\"odd.key\"=1"});
  EXPECT_EQ(recipe.integer("train.steps"), 500);
  EXPECT_EQ(recipe.string("name"), "q");
  EXPECT_EQ(recipe.number("train.learning_rate"), 1e-3);
  EXPECT_FALSE(recipe.boolean("data.shuffle"));
  EXPECT_EQ(recipe.integer("train.batch"), 3);
  EXPECT_EQ(recipe.strings("data.train.files"), (Strings{"a", "b"}));
  EXPECT_EQ(recipe.table("model.latent.config"), nlohmann::json::parse(R"({"odd.key":1,"sizes":[1,2]})"));
  EXPECT_EQ(recipe.where("train.batch"), "--set");
}

TEST(RecipeOverride, BareWordsAreStrings) {
  const Recipe recipe = parse_recipe(
      "", "r.toml",
      {"name=x", "model.latent.from=EleutherAI/pythia-70m", "run_dir=2024-01-01", "model.segmenter.plugin=5",
       "data.train.files=data/a b.txt", "model.latent.config.hidden_act=gelu", "model.decoder.preset="});
  EXPECT_EQ(recipe.string("name"), "x");
  EXPECT_EQ(recipe.string("model.latent.from"), "EleutherAI/pythia-70m");
  EXPECT_EQ(recipe.string("run_dir"), "2024-01-01");
  EXPECT_EQ(recipe.string("model.segmenter.plugin"), "5");
  EXPECT_EQ(recipe.strings("data.train.files"), Strings{"data/a b.txt"});
  EXPECT_EQ(recipe.table("model.latent.config").at("hidden_act"), "gelu");
  EXPECT_EQ(recipe.string("model.decoder.preset"), "");
}

TEST(RecipeOverride, ProblemsNameTheSetting) {
  const auto message = [](const std::string& text) { return error_of([&] { parse_recipe("", "r.toml", {text}); }); };
  EXPECT_CONTAINS(message("train.stpes=5"), "--set train.stpes=5: unknown key train.stpes; did you mean train.steps?");
  EXPECT_CONTAINS(message("train.steps=many"), "found the string \"many\"; expected a whole number");
  EXPECT_CONTAINS(message("train.steps"), "expected key=value");
  EXPECT_CONTAINS(message("=5"), "expected key=value");
  EXPECT_CONTAINS(message("a b=5"), "expected key=value");
  EXPECT_CONTAINS(message("name=\"open"), "--set name=\"open: the value --set:1: is no TOML");
  EXPECT_CONTAINS(message("extends=x"), "extends cannot be set");
  EXPECT_CONTAINS(message("seed=1\ntask=\"evaluate\""), "--set seed=1");  // no second setting slips in
  EXPECT_CONTAINS(message("seed=1\n[train"), "expected a whole number");
  EXPECT_CONTAINS(message("a=1\nb=2"), "unknown key a");
  EXPECT_CONTAINS(message("name=\xFF"), "is not UTF-8");
}

// Found by fuzzing: a key that is a comment ended the process.
TEST(RecipeOverride, ACommentIsNoSetting) {
  const auto message = [](const std::string& setting) {
    return error_of([&] { parse_recipe("", "r.toml", {setting}); });
  };
  EXPECT_CONTAINS(message("#train.steps=5"), "expected key=value");
  EXPECT_CONTAINS(message(" # a=1"), "expected key=value");
}

TEST(RecipeToml, MergedResultReadsBackEqual) {
  const std::string text = R"(
task = "evaluate"
[train]
learning_rate = 0.1
eps = 1e-12
minutes = 3
[data.train]
files = ["a\"\\b\n\u0001é", "c"]
[model.latent.config]
whole = 2
float = 2.0
large = 1e300
tiny = 4.9e-324
text = "two\nlines"
"odd.key \"x\"" = true
"" = 1
list = [[1], [], [{a = 1, "b c" = [2.0]}]]
[model.latent.config.deep.er]
x = -9223372036854775807
[compat]
reference_compatible = true
)";
  const Recipe recipe = parse_recipe(text, "folder/r.toml", {"seed=3"});
  const Recipe again = parse_recipe(recipe.to_toml(), "folder/r.toml");
  EXPECT_EQ(again.json(), recipe.json()) << recipe.to_toml();
  EXPECT_TRUE(again.json()["model"]["latent"]["config"]["float"].is_number_float());
  EXPECT_TRUE(again.json()["model"]["latent"]["config"]["whole"].is_number_integer());
  EXPECT_EQ(parse_recipe(again.to_toml(), "elsewhere.toml").json(), recipe.json());
  EXPECT_CONTAINS(recipe.to_toml(), "seed = 3  # --set");
  EXPECT_CONTAINS(recipe.to_toml(), "learning_rate = 0.1  # folder/r.toml:4");
}

TEST(RecipeCompat, TheGeneralSwitchSetsWhatIsNotSetByItself) {
  const Recipe recipe = parse_recipe("[compat]\nreference_compatible = true\nblocks_cross_documents = false", "r.toml");
  EXPECT_TRUE(recipe.boolean("compat.pad_words_in_loss"));
  EXPECT_FALSE(recipe.boolean("compat.blocks_cross_documents"));
}

TEST(RecipeFiles, AreLookedForFromTheWorkingFolderUpwardsFromTheRecipe) {
  const TempFolder folder;
  folder.put("data/b.txt", "b");
  folder.put("data/a.txt", "a");
  folder.put("data/a.txt.d/x", "");
  folder.put("odd/[x].txt", "");
  const auto path = folder.put("recipes/deep/r.toml", "[data.train]\nfiles = [\"data/*.txt*\", \"odd/[x].txt\"]");
  const auto files = load_recipe(path).resolve_files("data.train.files");
  ASSERT_EQ(files.size(), 3U);  // folders do not match, and the order is that of the names
  EXPECT_EQ(files[0], folder / "data/a.txt");
  EXPECT_EQ(files[1], folder / "data/b.txt");
  EXPECT_EQ(files[2], folder / "odd/[x].txt");
  const auto absolute = load_recipe(path, {"data.train.files=" + (folder / "data/b.*").string()});
  EXPECT_EQ(absolute.resolve_files("data.train.files").front(), folder / "data/b.txt");
  EXPECT_TRUE(absolute.resolve_files("data.validation.files").empty());
}

TEST(RecipeFiles, AFolderWithWildcardsInItsOwnNameIsTakenLiterally) {
  const TempFolder folder;
  folder.put("a[1]*/x.unusual", "");
  folder.put("a1b/y.unusual", "");
  const auto path = folder.put("a[1]*/r.toml", "[data.train]\nfiles = [\"*.unusual\"]");
  const auto files = load_recipe(path).resolve_files("data.train.files");
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].filename(), "x.unusual");
}

TEST(RecipeFiles, WhatIsNotThereListsWhatWasTried) {
  const TempFolder folder;
  const auto path = folder.put("r.toml", "[data.train]\nfiles = [\"no/such.txt\"]");
  const std::string message = error_of([&] { load_recipe(path).resolve_files("data.train.files"); });
  EXPECT_CONTAINS(message, path.string() +
                               ":2: data.train.files: there is no file \"no/such.txt\"; tried no/such.txt, " +
                               (folder / "no/such.txt").string());
  folder.put("my-texts/x", "");
  const Recipe recipe = load_recipe(path, {"data.train.files=my-texts", "model.latent.from=my-texts"});
  EXPECT_CONTAINS(error_of([&] { recipe.resolve_files("data.train.files"); }), "Write \"my-texts/*\"");
  EXPECT_EQ(recipe.resolve_files("model.latent.from").front(), folder / "my-texts");  // a folder is what `from` wants
  EXPECT_TRUE(recipe.resolve_files("model.decoder.from").empty());
}

}  // namespace
}  // namespace welt
