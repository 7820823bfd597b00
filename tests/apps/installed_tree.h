// An installation of welt to test with: moved after it was made, and used without the environment of the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/apps/run_welt.h"

namespace welt::test {

class InstalledTree : public ::testing::Test {
 protected:
  InstalledTree() { std::filesystem::create_directories(work_); }

  void install() {
    const std::filesystem::path first = folder_ / "first";
    const Outcome outcome = command({WELT_CMAKE, "--install", WELT_BUILD_DIR, "--prefix", first.string()});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    std::filesystem::create_directories(tree_.parent_path());
    std::filesystem::rename(first, tree_);
  }

  // Commands run in work_.
  Outcome command(const std::vector<std::string>& words, const std::string& variables = "") const {
    return run_welt({words.begin() + 1, words.end()}, prepared(variables), words.front());
  }
  Outcome welt(const std::vector<std::string>& arguments, const std::string& variables = "") const {
    return run_welt(arguments, prepared(variables), tree_ / "bin/welt");
  }

  // Configures the project in folder_/<project>, in its build/, with nothing but the installed SDK and `more`.
  Outcome configure(const std::string& project, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {WELT_CMAKE,
                                      "-S" + (folder_ / project).string(),
                                      "-B" + build_folder(project),
                                      "-G" WELT_GENERATOR,
                                      "-DCMAKE_BUILD_TYPE=Release",
                                      "-DCMAKE_C_COMPILER=" WELT_C_COMPILER,
                                      "-DCMAKE_CXX_COMPILER=" WELT_CXX_COMPILER,
                                      "-DCMAKE_PREFIX_PATH=" + tree_.string()};
    words.insert(words.end(), more.begin(), more.end());
    return command(words);
  }
  void build(const std::string& project, const std::vector<std::string>& more = {}) const {
    const Outcome configured = configure(project, more);
    ASSERT_EQ(configured.status, 0) << configured.err;
    const Outcome built = command({WELT_CMAKE, "--build", build_folder(project)});
    ASSERT_EQ(built.status, 0) << built.out << built.err;
  }
  std::string build_folder(const std::string& project) const { return (folder_ / project / "build").string(); }

  TempFolder folder_;
  std::filesystem::path tree_ = folder_ / "another place/welt";
  std::filesystem::path work_ = folder_ / "work";

 private:
  std::string prepared(const std::string& variables) const {
    return "cd " + shell_quoted(work_) + " && env -i PATH=\"$PATH\" HOME=" + shell_quoted(work_) +
           " OMP_NUM_THREADS=1 " + variables;
  }
};

}  // namespace welt::test
