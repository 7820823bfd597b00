// `welt plugin new`: the files it writes for each role and language, and what it refuses. That they build and train is
// tested in plugin_new_slow_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;

Outcome write_plugin(const TempFolder& folder, const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"plugin", "new"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_welt(words, "cd " + shell_quoted(folder.path()) + " && env -u WELT_LIBTORCH");
}

std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory()) files.insert(entry.path().lexically_relative(folder).string());
  return files;
}

struct Kind {
  const char *role, *lang, *sources;  // which files of code, and the presets
  const char* slot;                   // table of the recipe
  const char* kind = nullptr;
};

std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.role << " in " << kind.lang; }

constexpr const char* in_c = "model.c model.h plugin.c";
constexpr const char* in_cpp = "model.cpp model.h plugin.cpp";
constexpr const char* with_tensors = "model.cpp model.h plugin.cpp presets/nano.json";

class PluginNew : public ::testing::TestWithParam<Kind> {};

TEST_P(PluginNew, WritesAWholeFolderUnderItsName) {
  const auto& [role, lang, sources, slot, kind] = GetParam();
  const TempFolder folder;
  std::vector<std::string> arguments = {"quite_new", "--role", role, "--lang", lang, "--dir", "some/where"};
  if (kind != nullptr) arguments.insert(arguments.end(), {"--kind", kind});
  const Outcome outcome = write_plugin(folder, arguments);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_CONTAINS(outcome.out, (folder / "some/where/quite_new").string() + ": a");
  EXPECT_EQ(files_below(folder / "some").size(), files_below(folder / "some/where/quite_new").size()) << "leftovers";

  std::set<std::string> expected = {"CMakeLists.txt", "README.md", "recipe.toml"};
  std::istringstream names(sources);
  for (std::string name; names >> name;) expected.insert(name);
  const fs::path plugin = folder / "some/where/quite_new";
  EXPECT_EQ(files_below(plugin), expected);
  for (const std::string& name : expected) {
    const std::string text = slurp(plugin / name);
    EXPECT_CONTAINS(outcome.out, "  " + name + "\n");
    EXPECT_EQ(text.find("my_plugin"), text.npos) << name;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 130U) << name << ": " << line;
  }
  const std::string project = slurp(plugin / "CMakeLists.txt"), recipe = slurp(plugin / "recipe.toml");
  EXPECT_CONTAINS(project, std::string("LANGUAGES ") + (lang == std::string("c") ? "C)" : "CXX)"));
  const bool torch = std::string(sources).ends_with(".json");
  EXPECT_CONTAINS(project, torch ? "welt_add_plugin(quite_new TORCH SOURCES" : "welt_add_plugin(quite_new SOURCES");
  EXPECT_CONTAINS(recipe, slot);
  EXPECT_CONTAINS(recipe, "\"quite_new\"");
  EXPECT_EQ(outcome.out.find("WELT_LIBTORCH=") != std::string::npos, torch) << outcome.out;
}

INSTANTIATE_TEST_SUITE_P(Roles, PluginNew,
                         ::testing::Values(Kind{"segmenter", "c", in_c, "[model.segmenter]"},
                                           Kind{"segmenter", "c++", in_cpp, "[model.segmenter]"},
                                           Kind{"renderer", "c", in_c, "[model.renderer]"},
                                           Kind{"renderer", "c++", in_cpp, "[model.renderer]"},
                                           Kind{"bytes_encoder", "c++", with_tensors, "[model.bytes_encoder]"},
                                           Kind{"image_encoder", "c++", with_tensors, "[model.image_encoder]"},
                                           Kind{"latent", "c++", with_tensors, "[model.latent]"},
                                           Kind{"latent", "c++", with_tensors, "[model.latent]", "recurrent"},
                                           Kind{"decoder", "c++", with_tensors, "[model.decoder]"}));

class PluginNewName : public ::testing::TestWithParam<const char*> {};

TEST_P(PluginNewName, IsRefusedAndNothingIsWritten) {
  const TempFolder folder;
  const Outcome outcome = write_plugin(folder, {"--role", "latent", "--dir", "in/side", "--", GetParam()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_CONTAINS(outcome.err, std::string("welt: plugin name \"") + GetParam() + "\"");
  EXPECT_EQ(files_below(folder.path()), std::set<std::string>());
}

const std::string name_of_64 = std::string(64, 'a');
INSTANTIATE_TEST_SUITE_P(Bad, PluginNewName,
                         ::testing::Values("", "Upper", "1st", "a__b", "a_", "_a", "a-b", "a b", "../a", "ä", "-x",
                                           "bert", name_of_64.c_str()));

TEST(PluginNewRefusal, NamesWhatIsTakenAndHowLongANameMayBe) {
  const TempFolder folder;
  EXPECT_CONTAINS(write_plugin(folder, {"bert", "--role", "latent"}).err, "welt_bert.plugin.so; expected a name that");
  EXPECT_CONTAINS(write_plugin(folder, {name_of_64, "--role", "latent"}).err, "64 characters; expected at most 63");
  EXPECT_EQ(write_plugin(folder, {name_of_64.substr(1), "--role", "latent"}).status, 0);
}

TEST(PluginNewRefusal, WhatIsThereStaysAsItIs) {
  const TempFolder folder;
  folder.put("mine/notes", "kept");
  folder.put("file", "kept too");
  fs::create_symlink("nowhere", folder / "dangling");
  for (const char* name : {"mine", "file", "dangling"}) {
    const Outcome outcome = write_plugin(folder, {name, "--role", "segmenter"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_CONTAINS(outcome.err, (folder / name).string() + ": there is a file or folder of that name already");
  }
  EXPECT_EQ(files_below(folder.path()), (std::set<std::string>{"dangling", "file", "mine/notes"}));
  EXPECT_EQ(slurp(folder / "mine/notes") + slurp(folder / "file"), "keptkept too");
}

TEST(PluginNewRefusal, APlaceThatCannotBeWritten) {
  const TempFolder folder;
  folder.put("file", "");
  const Outcome outcome = write_plugin(folder, {"mine", "--role", "segmenter", "--dir", "file/inside"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_CONTAINS(outcome.err, "file/inside/mine: the folder cannot be written");
  EXPECT_CONTAINS(outcome.err, "--dir");
}

TEST(PluginNewRefusal, UnknownRolesAndLanguages) {
  const TempFolder folder;
  const Outcome role = write_plugin(folder, {"mine", "--role", "segmentor"});
  EXPECT_EQ(role.status, 2);
  EXPECT_CONTAINS(role.err, "segmentor not in {segmenter,renderer,bytes_encoder,image_encoder,latent,decoder}");
  const Outcome language = write_plugin(folder, {"mine", "--role", "segmenter", "--lang", "rust"});
  EXPECT_EQ(language.status, 2);
  EXPECT_CONTAINS(language.err, "rust not in {c,c++}");
  const Outcome tensors = write_plugin(folder, {"mine", "--role", "decoder", "--lang", "c"});
  EXPECT_EQ(tensors.status, 1);
  EXPECT_CONTAINS(tensors.err, "\"decoder\" handles tensors, which are C++; expected --lang c++");
  const Outcome kind = write_plugin(folder, {"mine", "--role", "decoder", "--kind", "recurrent"});
  EXPECT_EQ(kind.status, 1);
  EXPECT_CONTAINS(kind.err, "--kind recurrent: there is no \"decoder\" of that kind; expected --kind transformer");
  EXPECT_CONTAINS(write_plugin(folder, {"mine", "--role", "renderer", "--kind", "recurrent"}).err,
                  "expected no --kind");
  EXPECT_EQ(files_below(folder.path()), std::set<std::string>());
}

TEST(PluginNewRefusal, NoRole) {
  const TempFolder folder;
  const Outcome outcome = write_plugin(folder, {"mine"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_CONTAINS(outcome.err, "--role is required");
}

TEST(PluginNewNextSteps, LeaveOutALibTorchThatTheEnvironmentNames) {
  const TempFolder folder;
  folder.put("torch/include/ATen/core/Tensor.h", "");
  const auto next_steps = [&](const std::string& name, const std::string& variable) {
    return run_welt({"plugin", "new", name, "--role", "latent", "--dir", folder.path()}, variable).out;
  };
  EXPECT_EQ(next_steps("named", "WELT_LIBTORCH=" + (folder / "torch").string()).find("WELT_LIBTORCH"),
            std::string::npos);
  EXPECT_CONTAINS(next_steps("not_there", "WELT_LIBTORCH=" + (folder / "nowhere").string()), "-DWELT_LIBTORCH=");
}

TEST(PluginNewGuide, QuotesTheRecurrentTemplateAsItIs) {
  const fs::path source = WELT_SOURCE_DIR;
  const std::string page = slurp(source / "docs/write-a-plugin.md");
  const std::string model = slurp(source / "sdk/templates/recurrent/model.cpp");
  const std::size_t begin = page.find("### A recurrent latent"), end = page.find("\n### ", begin);
  ASSERT_NE(begin, page.npos);
  int quotes = 0;
  for (std::size_t at = begin; (at = page.find("```cpp\n", at)) < end; ++quotes) {
    at += 7;
    const std::size_t last = page.find("```", at);
    EXPECT_CONTAINS(model, page.substr(at, last - at));
    at = last + 3;
  }
  EXPECT_EQ(quotes, 2);
}

TEST(PluginNewHelp, EndsInExamples) {
  const Outcome outcome = run_welt({"plugin", "new", "--help"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_CONTAINS(outcome.out, "Examples:\n  welt plugin new syllables --role segmenter --lang c\n");
}

}  // namespace
}  // namespace welt::test
