// `welt plugin new` with the installed SDK, as a stranger has them: every folder it writes builds in a clean place, is
// loaded, and trains by its own recipe.
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/apps/installed_tree.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// What a person who keeps warnings would be shown stops the test.
const std::string c_warnings = "-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Werror";
const std::string cxx_warnings = "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror";
const std::string libtorch = "-DWELT_LIBTORCH=" WELT_LIBTORCH_ROOT;

struct Written {
  const char *name, *role, *lang, *kind = "";
};

// Plugins lie in folder_/<name>, beside the tree and below nothing of the sources.
class WrittenPluginsSlow : public InstalledTree {
 protected:
  void SetUp() override { install(); }

  void write_and_build(const Written& one) const {
    std::vector<std::string> words = {"plugin", "new", one.name, "--role", one.role, "--lang", one.lang, "--dir", ".."};
    if (*one.kind != '\0') words.insert(words.end(), {"--kind", one.kind});
    const Outcome written = welt(words);
    ASSERT_EQ(written.status, 0) << written.err;
    const std::string role = one.role;
    const bool torch = role != "segmenter" && role != "renderer";
    std::vector<std::string> more = {one.lang == std::string("c") ? c_warnings : cxx_warnings};
    if (torch) more.push_back(libtorch);
    ASSERT_NO_FATAL_FAILURE(build(one.name, more)) << one.name;
    const Outcome tested = command({WELT_CTEST, "--test-dir", build_folder(one.name), "--no-tests=error"});
    EXPECT_EQ(tested.status, 0) << tested.out << tested.err;
    const Outcome described = welt({"plugin", "describe", "--json", module(one.name)});
    ASSERT_EQ(described.status, 0) << described.err;
    EXPECT_EQ(Json::parse(described.out).at("note").at("kind"), torch ? "torch-linked" : "torch-free") << one.name;
  }
  void write_build_and_train(const Written& one) const {
    ASSERT_NO_FATAL_FAILURE(write_and_build(one));
    train(folder_ / one.name / "recipe.toml", one.name, search_path({one.name}), 2);
  }

  std::string module(const std::string& name) const { return build_folder(name) + "/welt_" + name + ".plugin.so"; }
  std::string search_path(const std::vector<std::string>& names) const {
    std::string path = "WELT_PLUGIN_PATH=";
    for (const std::string& name : names) path += (path.back() == '=' ? "" : ":") + shell_quoted(build_folder(name));
    return path;
  }

  // A few steps of a recipe; its run goes to work_/runs/<name>.
  void train(const fs::path& recipe, const std::string& name, const std::string& variables, int steps) const {
    std::vector<std::string> words = {"run", recipe.string()};
    for (const std::string& setting :
         {"train.steps=" + std::to_string(steps), std::string("train.batch=2"), std::string("train.words=24"),
          std::string("train.warmup_steps=1"), std::string("train.eval_rows=4"), std::string("samples.words=3")})
      words.insert(words.end(), {"--set", setting});
    const Outcome run = welt(words, variables);
    ASSERT_EQ(run.status, 0) << run.err;
    const Json summary = Json::parse(slurp(work_ / "runs" / name / "summary.json"));
    EXPECT_EQ(summary.at("last_step"), steps);
    EXPECT_LT(summary.at("after").at("loss").get<double>(), summary.at("before").at("loss").get<double>()) << name;
  }
};

// The libraries that the dynamic linker loads for a file, one a line.
std::string needed_libraries(const std::string& file) {
  return run_command("readelf -d " + shell_quoted(file) + " | sed -n 's/.*(NEEDED).*\\[\\(.*\\)\\]/\\1/p'").out;
}

TEST_F(WrittenPluginsSlow, ASegmenterInCAnImageEncoderAndALatentTransformerTrainTogether) {
  constexpr std::array three = {Written{"cuts", "segmenter", "c"}, Written{"sees", "image_encoder", "c++"},
                                Written{"thinks", "latent", "c++"}};
  for (const Written& one : three) ASSERT_NO_FATAL_FAILURE(write_build_and_train(one));
  EXPECT_EQ(needed_libraries(module("cuts")), "libc.so.6\n");
  EXPECT_CONTAINS(needed_libraries(module("sees")), "libtorch_cpu.so\n");

  folder_.put("work/three.toml",
              "extends = \"presets/try-a-plugin.toml\"\nname = \"three\"\n"
              "[model.segmenter]\nplugin = \"cuts\"\nconfig.separators = \" ,\"\n"
              "[model.image_encoder]\nplugin = \"sees\"\npreset = \"nano\"\n"
              "[model.latent]\nplugin = \"thinks\"\npreset = \"nano\"\n");
  const std::string path = search_path({"cuts", "sees", "thinks"});
  ASSERT_NO_FATAL_FAILURE(train("three.toml", "three", path, 12));
  const Outcome generated = welt({"generate", "runs/three", "--prompt", "And he said ", "--words", "4"}, path);
  EXPECT_EQ(generated.status, 0) << generated.err;
  EXPECT_CONTAINS(generated.out, "And he said ");

  // Without one of them there is no such model.
  const Outcome lost = welt({"evaluate", "runs/three"}, search_path({"cuts", "sees"}));
  EXPECT_EQ(lost.status, 1);
  EXPECT_CONTAINS(lost.err, "thinks");

  // Installed, they go by their names alone, and are the same.
  const auto loss = [&](const std::string& variables) {
    const Outcome outcome = welt({"evaluate", "runs/three", "--json"}, variables);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? Json::parse(outcome.out).at("loss").get<double>() : -1;
  };
  const double before = loss(path);
  for (const Written& one : three) {
    const Outcome installed = command({WELT_CMAKE, "--install", build_folder(one.name), "--prefix", tree_.string()});
    EXPECT_EQ(installed.status, 0) << installed.err;
  }
  EXPECT_EQ(loss(""), before);
  EXPECT_GT(before, 0);
}

TEST_F(WrittenPluginsSlow, EveryOtherRoleTrainsByItsOwnRecipe) {
  constexpr std::array others = {Written{"cuts", "segmenter", "c++"}, Written{"draws", "renderer", "c++"},
                                 Written{"draws_in_c", "renderer", "c"}, Written{"reads", "bytes_encoder", "c++"},
                                 Written{"spells", "decoder", "c++"}};
  for (const Written& one : others) ASSERT_NO_FATAL_FAILURE(write_build_and_train(one));
}

TEST_F(WrittenPluginsSlow, ARecurrenceTrainsAndGenerates) {
  ASSERT_NO_FATAL_FAILURE(write_build_and_train({"recurs", "latent", "c++", "recurrent"}));
  const Outcome generated =
      welt({"generate", "runs/recurs", "--prompt", "And he said ", "--words", "4"}, search_path({"recurs"}));
  EXPECT_EQ(generated.status, 0) << generated.err;
  EXPECT_CONTAINS(generated.out, "And he said ");
}

// C and C++ are two writings of one rule: what one does the other does, and both do what they say.
TEST_F(WrittenPluginsSlow, SegmentersInBothLanguagesCutAlike) {
  ASSERT_NO_FATAL_FAILURE(write_and_build({"cuts_in_c", "segmenter", "c"}));
  ASSERT_NO_FATAL_FAILURE(write_and_build({"cuts", "segmenter", "c++"}));
  folder_.put("work/text", "one two  three\ne\u0301e\u0301e\u0301 \U0001F44D\U0001F3FD\U0001F44D äöüß日本語 end");
  for (const char* limit : {"", "--max-bytes=1", "--max-bytes=5", "--max-characters=2"}) {
    const std::vector<std::string> bytes = {"segment", "--json", "text", "--plugin"};
    const auto words_of = [&](const char* name) {
      std::vector<std::string> words = bytes;
      words.push_back(module(name));
      if (*limit != '\0') words.emplace_back(limit);
      const Outcome outcome = welt(words);
      EXPECT_EQ(outcome.status, 0) << outcome.err;
      return outcome.out;
    };
    EXPECT_EQ(words_of("cuts_in_c"), words_of("cuts")) << limit;
  }
  const Outcome words = welt({"segment", "text", "--max-bytes", "5", "--plugin", module("cuts_in_c")});
  EXPECT_TRUE(words.out.starts_with("\"one \"\n\"two \"\n\" \"\n\"three\"\n\"\\n\"\n\"e\u0301\"\n")) << words.out;
}

TEST_F(WrittenPluginsSlow, RenderersInBothLanguagesDrawAlike) {
  ASSERT_NO_FATAL_FAILURE(write_and_build({"draws_in_c", "renderer", "c"}));
  ASSERT_NO_FATAL_FAILURE(write_and_build({"draws", "renderer", "c++"}));
  for (const char* block : {"8", "16", "33"}) {
    const auto drawn_by = [&](const char* name) {
      const Outcome outcome =
          welt({"render", "--json", "--block", block, "--plugin", module(name), "a", "word ", "日本語", "\U0001F44D"});
      EXPECT_EQ(outcome.status, 0) << outcome.err;
      std::vector<std::string> pixels;
      for (std::size_t begin = 0, end; (end = outcome.out.find('\n', begin)) != outcome.out.npos; begin = end + 1) {
        const Json line = Json::parse(outcome.out.substr(begin, end - begin));
        pixels.push_back(line.at("height").dump() + "x" + line.at("width").dump() + " " +
                         line.at("sha256").get<std::string>());
      }
      return pixels;
    };
    const std::vector<std::string> in_c = drawn_by("draws_in_c");
    ASSERT_EQ(in_c.size(), 4U);
    EXPECT_EQ(in_c, drawn_by("draws")) << block;
    EXPECT_NE(in_c[0].substr(in_c[0].find(' ')), in_c[3].substr(in_c[3].find(' ')));
  }
}

// A folder moved to plugins/ of the sources is built with the rest, as it is.
TEST_F(WrittenPluginsSlow, AFolderBelongsInTheSourceTreeToo) {
  const fs::path copy = folder_ / "sources";
  fs::create_directories(copy / "plugins");
  for (const auto& entry : fs::directory_iterator(WELT_SOURCE_DIR)) {
    const std::string name = entry.path().filename();
    if (name != "plugins" && !name.starts_with("build") && !name.starts_with("."))
      fs::create_symlink(entry.path(), copy / name);
  }
  for (const auto& [role, lang, place, name] : std::vector<std::array<std::string, 4>>{
           {"segmenter", "c", "segmenters", "cuts_in_c"}, {"segmenter", "c++", "segmenters", "cuts"}}) {
    const Outcome outcome =
        welt({"plugin", "new", name, "--role", role, "--lang", lang, "--dir", copy / "plugins" / place});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  const Outcome configured = configure("sources", {libtorch, "-DBUILD_TESTING=OFF"});
  ASSERT_EQ(configured.status, 0) << configured.err;
  const Outcome built = command({WELT_CMAKE, "--build", build_folder("sources"), "--target", "welt_plugins"});
  ASSERT_EQ(built.status, 0) << built.out << built.err;
  const std::string path = "WELT_PLUGIN_PATH=" + shell_quoted(build_folder("sources") + "/bin");
  for (const char* name : {"cuts_in_c", "cuts"}) {
    const Outcome outcome = welt({"plugin", "describe", "--json", name}, path);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(Json::parse(outcome.out).at("version"), "0.1.0");
  }
}

}  // namespace
}  // namespace welt::test
