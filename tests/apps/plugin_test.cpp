// `welt plugin list` and `describe`, and what welt_add_plugin() promises of every plugin that was built.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/file.h"
#include "core/plugin/registry.h"
#include "core/plugin/static_plugins.h"
#include "tests/apps/run_welt.h"

namespace welt {
namespace {

using nlohmann::json;
using test::has;
using test::Outcome;
using test::run_welt;

const std::string only_zoo = "WELT_PLUGIN_PATH=" WELT_PLUGIN_ZOO;

TEST(PluginVerb, ListNamesPluginsAndRefusals) {
  const Outcome list = run_welt({"plugin", "list"}, only_zoo + "/good:" WELT_PLUGIN_ZOO "/other_abi");
  EXPECT_EQ(list.status, 0);
  EXPECT_TRUE(has(list.out, "spaces")) << list.out;
  EXPECT_TRUE(has(list.out, "welt_other_abi.plugin.so: it was built for plugin ABI 99.4")) << list.out;
}

TEST(PluginVerb, ListSaysWhereAPluginIs) {
  const bool files = static_plugins().empty();  // of the program as of this one
  const std::string place = files ? WELT_PLUGIN_DIR "/welt_words.plugin.so" : "built in";
  EXPECT_TRUE(has(run_welt({"plugin", "list"}).out, "\nwords: " + place + "\n"));
  const json out = json::parse(run_welt({"plugin", "describe", "words", "--json"}).out);
  EXPECT_EQ(out["path"], place);
  const auto program = std::filesystem::path(WELT_BINARY).parent_path() / "welt-main";
  EXPECT_EQ(out["sha256"], sha256_file(files ? std::filesystem::path(place) : program));
}

TEST(PluginVerb, APathThatIsNotUtf8ThrewTypeError316) {
  const test::TempFolder folder;
  const auto odd = folder / "p\xFF";
  std::filesystem::create_directory(odd);
  std::filesystem::copy(WELT_PLUGIN_ZOO "/good/welt_spaces.plugin.so", odd);
  const Outcome list = run_welt({"plugin", "list", "--json"}, "WELT_PLUGIN_PATH=" + test::shell_quoted(odd));
  EXPECT_EQ(list.status, 0) << list.err;
  EXPECT_TRUE(has(list.out, "p\xEF\xBF\xBD/welt_spaces.plugin.so")) << list.out;
}

TEST(PluginVerb, ListAsJson) {
  const Outcome list = run_welt({"plugin", "list", "--json"}, only_zoo + "/good:" WELT_PLUGIN_ZOO "/no_entry");
  const json out = json::parse(list.out);
  bool found = false;
  for (const json& plugin : out["plugins"]) {
    if (plugin["id"] != "spaces") continue;
    found = true;
    EXPECT_EQ(plugin["version"], "1.2.3");
    EXPECT_EQ(plugin["note"]["kind"], "torch-free");
    EXPECT_EQ(plugin["components"][0]["roles"], json::array({"welt.segmenter/1"}));
    EXPECT_EQ(plugin["components"][0]["hf_model_types"], json::array({"spaces"}));
  }
  EXPECT_TRUE(found) << list.out;
  ASSERT_EQ(out["refused"].size(), 1u);
  EXPECT_NE(out["refused"][0]["reason"].get<std::string>().find("exports no function"), std::string::npos);
}

TEST(PluginVerb, DescribeShowsTheConfigurationKeys) {
  const std::string file = WELT_PLUGIN_ZOO "/good/welt_spaces.plugin.so";
  const Outcome text = run_welt({"plugin", "describe", file});
  EXPECT_EQ(text.status, 0);
  for (const char* part :
       {"max_spaces", "integer", "1 … 9", "keep, drop", "number or null", "spaces of one word", "ABI 0.1"}) {
    EXPECT_TRUE(has(text.out, part)) << part << " in\n" << text.out;
  }
  const json out = json::parse(run_welt({"plugin", "describe", "--json", file}).out);
  const json& keys = out["components"][0]["config"];
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_EQ(keys[0]["name"], "max_spaces");
  EXPECT_EQ(keys[0]["default"], 4);
  EXPECT_EQ(keys[1]["choices"], json::array({"keep", "drop"}));
}

TEST(PluginVerb, DescribeTellsALayoutOfRowsOnlyWhereThereAreRows) {
  const std::string built = std::string("WELT_PLUGIN_PATH=") + WELT_PLUGIN_DIR;
  EXPECT_TRUE(has(run_welt({"plugin", "describe", "bert"}, built).out, "dense rows, packed rows"));
  const Outcome images = run_welt({"plugin", "describe", "vit"}, built);
  EXPECT_EQ(images.status, 0);
  EXPECT_TRUE(has(images.out, "welt.image_encoder/1")) << images.out;
  EXPECT_TRUE(has(images.out, "[height, width]")) << images.out;
  EXPECT_FALSE(has(images.out, "rows")) << images.out;
}

TEST(PluginVerb, DescribeOfNothingLeavesWithOne) {
  const Outcome outcome = run_welt({"plugin", "describe", "spacs"}, only_zoo + "/good");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(outcome.err.starts_with("welt: ")) << outcome.err;
  EXPECT_TRUE(has(outcome.err, "Did you mean \"spaces\"?")) << outcome.err;
  const Outcome refused = run_welt({"plugin", "describe", WELT_PLUGIN_ZOO "/no_note/welt_no_note.plugin.so"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(has(refused.err, "no welt note")) << refused.err;
}

TEST(BuiltPlugins, AreAllAccepted) {
  Registry registry({WELT_PLUGIN_DIR}, /*built_in=*/true);
  for (const Refusal& refusal : registry.refusals()) ADD_FAILURE() << refusal.reason;
  EXPECT_FALSE(registry.plugins().empty());
}

TEST(BuiltPlugins, ShipTheFilesOfTheirPresetFolders) {
  Registry registry({WELT_PLUGIN_DIR}, /*built_in=*/true);
  for (const ComponentType& type : registry.components()) {
    for (const std::string& name : Registry::preset_names(*type.plugin)) {
      EXPECT_TRUE(registry.preset(type, name).is_object()) << type.id << " " << name;
    }
  }
}

// A path in the plugin would load a second LibTorch beside the host's.
TEST(BuiltPlugins, CarryNoLibraryPath) {
  for (const auto& entry : std::filesystem::directory_iterator(WELT_PLUGIN_DIR)) {
    if (entry.path().extension() != ".so") continue;
    const std::string dynamic = "readelf -d " + test::shell_quoted(entry.path());
    EXPECT_NE(std::system((dynamic + " | grep -qE 'R(UN)?PATH'").c_str()), 0) << entry.path();
    EXPECT_EQ(std::system((dynamic + " | grep -q NODELETE").c_str()), 0) << entry.path();
  }
}

}  // namespace
}  // namespace welt
