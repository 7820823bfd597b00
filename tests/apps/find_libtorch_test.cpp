// cmake/FindLibTorch.cmake as a plugin's project meets it: a folder that is none was passed over in silence, and one
// from the environment was forgotten when CMake ran again.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/apps/run_welt.h"

namespace welt {
namespace {

using test::Outcome;

class Project {
 public:
  Project() {
    folder_.put("CMakeLists.txt",
                "cmake_minimum_required(VERSION 3.25)\nproject(finds NONE)\n"
                "list(APPEND CMAKE_MODULE_PATH \"" WELT_SOURCE_DIR
                "/cmake\")\n"
                "find_package(LibTorch REQUIRED)\nmessage(STATUS \"found ${LibTorch_ROOT_DIR}\")\n");
  }
  Outcome configure(const std::string& environment, const std::string& options = "") const {
    return test::run_command("cd " + test::shell_quoted(folder_.path()) +
                             " && env -u WELT_LIBTORCH -u WELT_DEPS_DIR -u Torch_DIR " + environment +
                             " '" WELT_CMAKE "' -B build " + options);
  }

 private:
  test::TempFolder folder_;
};

const std::string right = WELT_LIBTORCH_ROOT;

TEST(FindLibTorch, WhatIsNoLibTorchIsAnErrorThatNamesIt) {
  const Project project;
  for (const Outcome& outcome :
       {project.configure("", "-DWELT_LIBTORCH=/nowhere"), project.configure("WELT_LIBTORCH=/nowhere")}) {
    EXPECT_NE(outcome.status, 0) << outcome.out;
    EXPECT_NE(outcome.err.find("'/nowhere', which is no LibTorch"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(project.configure("WELT_LIBTORCH=" + right, "-UWELT_LIBTORCH").status, 0);
}

TEST(FindLibTorch, TheOneFromTheEnvironmentIsRemembered) {
  const Project project;
  EXPECT_EQ(project.configure("WELT_LIBTORCH=" + right).status, 0);
  const Outcome again = project.configure("");
  EXPECT_NE(again.out.find("found " + right), std::string::npos) << again.out << again.err;
  const Outcome other = project.configure("WELT_LIBTORCH=/nowhere");
  EXPECT_NE(other.err.find("in the environment"), std::string::npos) << other.err;
  EXPECT_NE(other.out.find("found " + right), std::string::npos) << other.out;
}

}  // namespace
}  // namespace welt
