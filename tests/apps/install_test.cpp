// The installed tree: whole, independent of what it was built from, movable, and enough to build plugins with.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/plugin/static_plugins.h"
#include "tests/apps/installed_tree.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// Runs the quick start, cut down to two steps. The text that it reads is that of the installation.
class InstalledTreeSlow : public InstalledTree {
 protected:
  double loss_after_two_steps(const std::string& name, const std::string& variables = "") const {
    const Outcome run = welt({"run", "quickstart.toml", "--set", "name=" + name, "--set", "train.steps=2", "--set",
                              "train.batch=2", "--set", "train.eval_rows=2"},
                             variables);
    EXPECT_EQ(run.status, 0) << run.err;
    const Outcome evaluated = welt({"evaluate", "runs/" + name, "--json"});
    EXPECT_EQ(evaluated.status, 0) << evaluated.err;
    return evaluated.status == 0 ? Json::parse(evaluated.out).at("loss").get<double>() : 0;
  }
};

// Every file below `source` is below `target`, byte for byte.
void expect_copied(const fs::path& source, const fs::path& target) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(source)) {
    if (!entry.is_regular_file()) continue;
    const fs::path copy = target / entry.path().lexically_relative(source);
    ++files;
    ASSERT_TRUE(fs::is_regular_file(copy)) << copy;
    EXPECT_EQ(slurp(entry.path()), slurp(copy)) << copy;
  }
  EXPECT_GT(files, 0U) << source;
}

// plugins/<role>/<name>: every plugin of the sources.
std::vector<fs::path> plugin_folders() {
  std::vector<fs::path> folders;
  for (const auto& role : fs::directory_iterator(WELT_SOURCE_DIR "/plugins"))
    for (const auto& folder : fs::directory_iterator(role))
      if (fs::exists(folder.path() / "CMakeLists.txt")) folders.push_back(folder.path());
  return folders;
}

void expect_all_files(const fs::path& tree) {
  const fs::path source = WELT_SOURCE_DIR, plugins = tree / "lib/welt/plugins";
  expect_copied(source / "recipes", tree / "share/welt/recipes");
  expect_copied(source / "data/quickstart", tree / "share/welt/data/quickstart");
  expect_copied(source / "docs", tree / "share/doc/welt/docs");
  expect_copied(source / "core/abi/include", tree / "include");
  expect_copied(source / "core/common/include", tree / "include");
  expect_copied(source / "sdk/include", tree / "include");
  expect_copied(source / "include", tree / "include");
  expect_copied(source / "sdk/templates", tree / "share/welt/sdk/templates");
  for (const char* name : {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"})
    EXPECT_EQ(slurp(source / name), slurp(tree / "share/doc/welt" / name)) << name;
  for (const char* name : {"WeltAddPlugin.cmake", "FindLibTorch.cmake", "plugin_note.in", "plugin_exports.map"})
    EXPECT_EQ(slurp(source / "cmake" / name), slurp(tree / "lib/cmake/welt-sdk" / name)) << name;
  for (const char* name : {"libwelt_sdk_nn.a", "libwelt_sdk_text.a", "libwelt_sdk_tokenizers.a"})
    EXPECT_TRUE(fs::exists(tree / "lib" / name)) << name;
  for (const fs::path& folder : plugin_folders()) {
    const fs::path file = plugins / ("welt_" + folder.filename().string() + ".plugin.so");
    ASSERT_EQ(fs::exists(file), static_plugins().empty()) << file;
    EXPECT_NE(run_command("readelf -d " + shell_quoted(file) + " | grep -qE 'R(UN)?PATH'").status, 0) << file;
    if (fs::exists(folder / "presets")) expect_copied(folder / "presets", plugins / "presets" / folder.filename());
  }
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const std::string relative = fs::weakly_canonical(path).lexically_relative(fs::weakly_canonical(folder)).string();
  return !relative.empty() && !relative.starts_with("..");
}

// What the dynamic linker wrote with LD_DEBUG=files: the files whose start-up code it ran, one a line.
std::vector<std::string> loaded_files(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("ld.")) continue;
    std::ifstream lines(entry.path());
    constexpr std::string_view mark = "calling init: ";
    for (std::string line; std::getline(lines, line);)
      if (const std::size_t at = line.find(mark); at != line.npos) files.push_back(line.substr(at + mark.size()));
  }
  return files;
}

TEST_F(InstalledTreeSlow, RunsFromAnotherPlaceAndBuildsPlugins) {
  ASSERT_NO_FATAL_FAILURE(install());
  expect_all_files(tree_);

  // The program and what it finds. A library path of the test's environment would hide a wrong one in the program.
  const Json doctor = Json::parse(welt({"doctor", "--json"}).out);
  EXPECT_TRUE(doctor.at("usable"));
  const fs::path libtorch = doctor.at("libtorch").at("path").get<std::string>();
  EXPECT_EQ(is_below(libtorch, tree_), WELT_BUNDLE_LIBTORCH != 0) << libtorch;
  const auto list = [&] { return Json::parse(welt({"plugin", "list", "--json"}).out); };
  const Json plugins = list();
  EXPECT_EQ(plugins.at("plugins").size(), plugin_folders().size());
  EXPECT_EQ(plugins.at("refused"), Json::array());
  for (const Json& plugin : plugins.at("plugins"))
    EXPECT_TRUE(is_below(plugin.at("path"), tree_) || plugin.at("path") == "built in") << plugin;

  // A recipe by its name, and nothing loaded from where the program was built.
  const double loss = loss_after_two_steps("as-installed", "LD_DEBUG=files LD_DEBUG_OUTPUT=ld");
  const std::vector<std::string> files = loaded_files(work_);
  EXPECT_TRUE(std::ranges::any_of(files, [](const std::string& file) { return file.ends_with("/libtorch_cpu.so"); }));
  for (const std::string& file : files) {
    EXPECT_FALSE(is_below(file, WELT_BUILD_DIR)) << file;
    EXPECT_FALSE(WELT_BUNDLE_LIBTORCH && is_below(file, fs::path(WELT_LIBTORCH_ROOT).parent_path())) << file;
  }

  if (!static_plugins().empty()) return;  // our own have no files that others could take the place of

  // A plugin of welt's, its folder taken as it is out of the sources; then installed in place of welt's own.
  folder_.put("encoder/CMakeLists.txt",
              "cmake_minimum_required(VERSION 3.25)\nproject(encoder VERSION 7.8.9 LANGUAGES CXX)\n"
              "find_package(welt-sdk 0.1 REQUIRED)\nadd_subdirectory(bert)\n");
  fs::copy(WELT_SOURCE_DIR "/plugins/encoders/bert", folder_ / "encoder/bert", fs::copy_options::recursive);
  fs::remove(tree_ / "lib/welt/plugins/welt_bert.plugin.so");
  EXPECT_EQ(list().at("plugins").size(), plugin_folders().size() - 1);
  ASSERT_NO_FATAL_FAILURE(build("encoder", {"-DWELT_LIBTORCH=" WELT_LIBTORCH_ROOT}));
  const Outcome added = command({WELT_CMAKE, "--install", build_folder("encoder"), "--prefix", tree_.string()});
  EXPECT_EQ(added.status, 0) << added.err;
  EXPECT_NEAR(loss_after_two_steps("own-encoder"), loss, 1e-4);  // another compilation of the same sums
}

// What an author elsewhere has is enough for our own: each folder is configured as it is, and those that need no
// LibTorch are built (one that does is above).
TEST_F(InstalledTreeSlow, EveryPluginOfOursBuildsFromItAlone) {
  ASSERT_NO_FATAL_FAILURE(install());
  std::string project =
      "cmake_minimum_required(VERSION 3.25)\nproject(ours LANGUAGES C CXX)\nfind_package(welt-sdk 0.1 REQUIRED)\n";
  std::vector<std::string> build = {WELT_CMAKE, "--build", build_folder("ours"), "--target"};
  for (const fs::path& folder : plugin_folders()) {
    const std::string name = folder.filename();
    fs::create_directories(folder_ / "ours");
    fs::copy(folder, folder_ / "ours" / name, fs::copy_options::recursive);
    fs::remove_all(folder_ / "ours" / name / "tests");
    project += "add_subdirectory(" + name + ")\n";
    if (slurp(folder / "CMakeLists.txt").find(" TORCH ") == std::string::npos)
      build.push_back("welt_" + name + "_plugin");
  }
  folder_.put("ours/CMakeLists.txt", project);
  const Outcome configured = configure("ours", {"-DWELT_LIBTORCH=" WELT_LIBTORCH_ROOT, "-DCMAKE_BUILD_TYPE=Debug",
                                                "-DCMAKE_C_FLAGS_DEBUG=-O0", "-DCMAKE_CXX_FLAGS_DEBUG=-O0"});
  ASSERT_EQ(configured.status, 0) << configured.err;
  EXPECT_GE(build.size(), 4U + 6U);
  const Outcome built = command(build);
  EXPECT_EQ(built.status, 0) << built.out << built.err;
}

// tests/apps/similarity_user.c, with headers, library and weights of the installation alone.
TEST_F(InstalledTreeSlow, ACProgramUsesTheSimilarityLibrary) {
  ASSERT_NO_FATAL_FAILURE(install());
  // A build with WELT_BUNDLE_WORDLLAMA=OFF installs no weights: the program then finds those of the build.
  const fs::path weights = fs::path(WELT_BUILD_DIR) / "wordllama", installed = tree_ / "share/welt/wordllama";
  if (!fs::exists(installed) && fs::exists(weights)) fs::create_directory_symlink(fs::canonical(weights), installed);
  if (!fs::exists(installed)) {
    if (is_set("WELT_REQUIRE_WORDLLAMA")) FAIL() << "no weights installed, and WELT_REQUIRE_WORDLLAMA is set";
    GTEST_SKIP() << "scripts/setup.sh fetches the weights";
  }
  const std::string program = (work_ / "user").string();
  const Outcome built = command({WELT_C_COMPILER, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                                 "-I" + (tree_ / "include").string(), WELT_SOURCE_DIR "/tests/apps/similarity_user.c",
                                 "-L" + (tree_ / "lib").string(), "-Wl,-rpath," + (tree_ / "lib").string(),
                                 "-lwelt_similarity", "-lm", "-o", program});
  ASSERT_EQ(built.status, 0) << built.err;
  const Outcome run = command({program});
  EXPECT_EQ(run.status, 0) << run.out << run.err;
  EXPECT_EQ(run.out, "done\n");
}

TEST_F(InstalledTreeSlow, WithoutLibTorchThePackageRefusesOnlyPluginsWithTensors) {
  ASSERT_NO_FATAL_FAILURE(install());
  folder_.put("both/CMakeLists.txt",
              "cmake_minimum_required(VERSION 3.25)\nproject(both)\nfind_package(welt-sdk 0.1 REQUIRED)\n"
              "welt_add_plugin(handles_text SOURCES a.cpp)\nwelt_add_plugin(has_tensors TORCH SOURCES a.cpp)\n");
  folder_.put("both/a.cpp", "");
  const Outcome outcome = configure("both");
  EXPECT_NE(outcome.status, 0);
  EXPECT_CONTAINS(outcome.err, "welt_add_plugin(has_tensors TORCH)");
  EXPECT_CONTAINS(outcome.err, "WELT_LIBTORCH");
  EXPECT_EQ(outcome.err.find("handles_text"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace welt::test
