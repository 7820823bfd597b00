// The registry on the zoo_folder of tests/bad_plugins: good files open, each bad one is refused with file, reason and
// mend.
#include "core/plugin/registry.h"

#include <gtest/gtest.h>
#include <welt/abi/segmenter.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/scan.h"
#include "core/plugin/strings.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
const fs::path zoo_folder = WELT_PLUGIN_ZOO;

fs::path zoo_file(const std::string& name) { return zoo_folder / name / ("welt_" + name + ".plugin.so"); }

// The message of the Error that `call` throws.
template <typename F>
std::string error_of(F call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error was thrown";
}

void expect_all_in(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" in: " << text;
}

// A folder of its own, removed with it.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "welt-registry-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct RefusedPlugin {
  std::string name;
  std::vector<std::string> reason_and_mend;
  friend void PrintTo(const RefusedPlugin& plugin, std::ostream* out) { *out << plugin.name; }  // ctest shows it
};

class RegistryRefuses : public testing::TestWithParam<RefusedPlugin> {};

TEST_P(RegistryRefuses, WithFileReasonAndMend) {
  const auto& [name, parts] = GetParam();
  Registry by_name({});
  const std::string message = error_of([&] { by_name.open(zoo_file(name)); });
  expect_all_in(message, {zoo_file(name).string()});
  expect_all_in(message, parts);

  Registry by_scan({zoo_folder / name});
  ASSERT_EQ(by_scan.refusals().size(), 1u);
  EXPECT_EQ(by_scan.refusals()[0].path, zoo_file(name));
  EXPECT_EQ(by_scan.refusals()[0].reason, message);
  EXPECT_TRUE(by_scan.plugins().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, RegistryRefuses,
    testing::Values(
        RefusedPlugin{"other_libtorch", {"built with LibTorch 1.13", "expected LibTorch 2.", "Rebuild the plugin"}},
        RefusedPlugin{"other_abi", {"built for plugin ABI 99.4", "expected ABI 0.x", "Use a newer welt"}},
        RefusedPlugin{"newer_minor", {"needs plugin ABI 0.999", "at most 0.1", "Use a newer welt"}},
        RefusedPlugin{"two_exports",
                      {"exports 2 symbols", "leaked_helper", "welt_plugin_entry alone", "welt_add_plugin()"}},
        RefusedPlugin{"no_entry", {"exports no function", "the entry welt_plugin_entry", "WELT_PLUGIN("}},
        RefusedPlugin{"no_note", {"no welt note", "Build it with welt_add_plugin()"}},
        RefusedPlugin{"entry_fails", {"the moon is in the wrong phase", "entry_fails.c", "Tell the plugin's author"}},
        RefusedPlugin{"no_table", {"gave no plugin table", "Tell the plugin's author"}},
        RefusedPlugin{"missing_symbol", {"undefined symbol: nobody_has_this_function", "rebuild it"}},
        RefusedPlugin{"wrong_id", {"calls itself \"spaces\", but its note says \"wrong_id\"", "ID"}},
        RefusedPlugin{"hidden_torch", {"says torch-free, but it links libc10.so", "Add TORCH"}},
        RefusedPlugin{"sanitized", {"it was built with the", "sanitizer", "Rebuild the plugin without it"}}),
    [](const auto& info) { return info.param.name; });

TEST(Registry, RefusesSameIdFromTwoFilesNamingBoth) {
  const fs::path a = zoo_folder / "same_id/a/welt_same_id_a.plugin.so",
                 b = zoo_folder / "same_id/b/welt_same_id_b.plugin.so";
  Registry registry({zoo_folder / "same_id/a", zoo_folder / "same_id/b"});
  ASSERT_EQ(registry.refusals().size(), 2u);
  EXPECT_TRUE(registry.plugins().empty());
  for (const Refusal& refusal : registry.refusals()) {
    expect_all_in(refusal.reason, {a.string(), b.string(), "\"spaces\"", "Remove one of the two files"});
  }
}

TEST(Registry, RefusesSameFileCopiedIntoTwoFoldersOfTheSearchPath) {
  Folder copy;
  fs::copy_file(zoo_folder / "good/welt_spaces.plugin.so", copy.path() / "welt_spaces.plugin.so");
  Registry registry({zoo_folder / "good", copy.path()});
  EXPECT_EQ(registry.refusals().size(), 2u);
  EXPECT_TRUE(registry.components().empty());
}

TEST(Registry, OneFileReachedThroughTwoNamesIsOneFile) {
  Folder links;
  fs::create_directory_symlink(zoo_folder / "good", links.path() / "again");
  Registry registry({zoo_folder / "good", links.path() / "again", zoo_folder / "good/../good"});
  EXPECT_EQ(registry.plugins().size(), 1u);
  EXPECT_TRUE(registry.refusals().empty());
}

TEST(Registry, RefusesSecondFileWithAnOpenPluginsId) {
  Registry registry({});
  registry.open(zoo_folder / "same_id/a/welt_same_id_a.plugin.so");
  expect_all_in(error_of([&] { registry.open(zoo_folder / "same_id/b/welt_same_id_b.plugin.so"); }),
                {"welt_same_id_a.plugin.so", "welt_same_id_b.plugin.so", "\"spaces\""});
}

// Both were refused, the good one that came with the program too.
TEST(Registry, OfTwoClaimsOnOneModelTypeTheRecipeHasToNameOne) {
  Registry registry({zoo_folder / "same_claim"});
  EXPECT_TRUE(registry.refusals().empty());
  ASSERT_EQ(registry.components().size(), 2u);
  for (const ComponentType& type : registry.components()) EXPECT_EQ(&registry.find(type.roles.front(), type.id), &type);
  expect_all_in(
      error_of([&] {
        registry.find_for_config("welt.segmenter/1", {{"model_type", "spaces"}});
      }),
      {"welt_claim_a.plugin.so", "welt_claim_b.plugin.so", "model_type \"spaces\" for welt.segmenter/1", "plugin = "});
}

TEST(Registry, OpensGoodPluginOnceAndReadsIt) {
  Registry registry({zoo_folder / "good"});
  ASSERT_EQ(registry.plugins().size(), 1u) << (registry.refusals().empty() ? "" : registry.refusals()[0].reason);
  const Plugin& plugin = *registry.plugins()[0];
  EXPECT_STREQ(plugin.note.id, "spaces");
  EXPECT_STREQ(plugin.note.version, "1.2.3");
  EXPECT_EQ(plugin.note.kind, WELT_KIND_TORCH_FREE);
  EXPECT_EQ(plugin.note.string_abi, WELT_STRING_ABI_NONE);
  EXPECT_EQ(plugin.sha256, sha256_file(plugin.path));
  EXPECT_EQ(&registry.open(zoo_folder / "good/welt_spaces.plugin.so"), &plugin);
  ASSERT_EQ(registry.components().size(), 1u);
  EXPECT_EQ(registry.components()[0].hf_model_types, std::vector<std::string>{"spaces"});
}

TEST(Registry, NoteSurvivesStripGarbageCollectionAndLinkTimeOptimisation) {
  Registry registry({});
  EXPECT_STREQ(registry.open(zoo_folder / "stripped/welt_stripped.plugin.so").note.id, "spaces");
}

TEST(Registry, ComponentOfAPluginInPlainCRuns) {
  Registry registry({zoo_folder / "good"});
  const ComponentType& type = registry.find(WELT_SEGMENTER_INTERFACE, "spaces");
  const ConfigView config(type, nlohmann::json::object(), true, "test");
  const Component component(type, config, WELT_INIT_NONE);
  const auto& segmenter = component.require<welt_segmenter_v1>(WELT_SEGMENTER_INTERFACE);
  std::uint64_t ends[8], count = 0, consumed = 0;
  CallError error;
  error.check(segmenter.segment(component.raw(), string_of("a bc  d"), 1, nullptr, ends, 8, &count, &consumed, nullptr,
                                nullptr, error.raw()),
              "segment");
  EXPECT_EQ(std::vector<std::uint64_t>(ends, ends + count), (std::vector<std::uint64_t>{2, 5, 6, 7}));
  EXPECT_EQ(component.interface("welt.nothing/1"), nullptr);
  expect_all_in(error_of([&] { component.require<welt_segmenter_v1>("welt.nothing/1"); }),
                {"welt_spaces.plugin.so", "welt.nothing/1"});
}

TEST(Registry, FailureOfCreateCarriesThePluginsWords) {
  Registry registry({zoo_folder / "good"});
  const ComponentType& type = registry.find(WELT_SEGMENTER_INTERFACE, "spaces");
  const ConfigView config(type, {{"max_spaces", 9}}, true, "test");
  expect_all_in(error_of([&] { Component(type, config, WELT_INIT_NONE); }),
                {"plugin \"spaces\"", "nine spaces are too many"});
}

TEST(Registry, FindsByNameFileAndConfig) {
  Registry registry({zoo_folder / "good"});
  const ComponentType& type = registry.find(WELT_SEGMENTER_INTERFACE, "spaces");
  EXPECT_EQ(&registry.find(WELT_SEGMENTER_INTERFACE, (zoo_folder / "good/welt_spaces.plugin.so").string()), &type);
  EXPECT_EQ(&registry.find_for_config(WELT_SEGMENTER_INTERFACE, {{"model_type", "spaces"}}), &type);
}

TEST(Registry, AModelOfAnotherRoleIsSaidToBeOne) {
  Registry registry({zoo_folder / "same_claim/welt_claim_a.plugin.so"});
  expect_all_in(error_of([&] {
                  registry.find_for_config("welt.image_encoder/1", {{"model_type", "spaces"}});
                }),
                {"no plugin serves model_type \"spaces\"", "plugin claim_a serves it as welt.segmenter/1"});
}

TEST(Registry, NotFoundNamesNearestFoldersAndRefusals) {
  Registry registry({zoo_folder / "good", zoo_folder / "no_note", "/nonexistent/plugins"});
  const std::string by_name = error_of([&] { registry.find(WELT_SEGMENTER_INTERFACE, "spacs"); });
  expect_all_in(by_name, {"\"spacs\"", "Did you mean \"spaces\"?", (zoo_folder / "good").string(),
                          "/nonexistent/plugins", "welt_no_note.plugin.so", "no welt note"});
  expect_all_in(error_of([&] { registry.find("welt.decoder/1", "spaces"); }),
                {"\"spaces\" is welt.segmenter/1, not welt.decoder/1"});
  expect_all_in(error_of([&] {
                  registry.find_for_config(WELT_SEGMENTER_INTERFACE, {{"model_type", "space"}});
                }),
                {"model_type \"space\"", "spaces (plugin spaces", "Did you mean \"spaces\"?"});
  expect_all_in(error_of([&] { registry.find_for_config(WELT_SEGMENTER_INTERFACE, 3); }), {"neither a model_type"});
  expect_all_in(error_of([&] { registry.find(WELT_SEGMENTER_INTERFACE, "./no/such.plugin.so"); }),
                {"./no/such.plugin.so", "no such plugin file"});
}

TEST(Registry, RefusesTruncatedFilesAndRandomBytes) {
  const std::string good = read_file(zoo_folder / "good/welt_spaces.plugin.so");
  Folder folder;
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{63}, good.size() / 2, good.size() - 1}) {
    const fs::path file = folder.path() / "welt_cut.plugin.so";
    std::ofstream(file, std::ios::binary) << good.substr(0, size);
    expect_all_in(error_of([&] { Registry({}).open(file); }), {file.string(), "cut off or damaged"});
  }
  const fs::path file = folder.path() / "welt_noise.plugin.so";
  std::string noise(4096, 0);
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 167 + (i >> 3) * 59 + 13);
  std::ofstream(file, std::ios::binary) << noise;
  Registry registry({folder.path()});
  ASSERT_EQ(registry.refusals().size(), 2u);
  expect_all_in(registry.refusals()[1].reason, {file.string(), "no ELF file", "Name the built"});
}

TEST(Registry, SearchPathNeverHasTheWorkingDirectory) {
  const char* before = std::getenv("WELT_PLUGIN_PATH");
  const std::string saved = before ? before : "";
  setenv("WELT_PLUGIN_PATH", ":/one::/two:", 1);
  const std::vector<fs::path> folders = default_search_folders();
  setenv("WELT_PLUGIN_PATH", saved.c_str(), 1);
  ASSERT_EQ(folders.size(), 4u);
  EXPECT_EQ(folders[0], "/one");
  EXPECT_EQ(folders[1], "/two");
  EXPECT_EQ(folders[2], fs::read_symlink("/proc/self/exe").parent_path());
  EXPECT_TRUE(folders[3].is_absolute());
  EXPECT_EQ(folders[3].filename(), "plugins");
}

TEST(Registry, FileNamedInTheSearchPathIsFound) {
  Registry registry({zoo_folder / "good/welt_spaces.plugin.so"});
  EXPECT_EQ(registry.plugins().size(), 1u);
}

}  // namespace
}  // namespace welt
