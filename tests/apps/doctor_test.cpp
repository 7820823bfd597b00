// `welt doctor`: the facts are there, and an environment that makes welt slow is named.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_welt;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool warns_of(const json& report, const std::string& what) {
  return std::ranges::any_of(report["slow"],
                             [&](const json& line) { return line.get<std::string>().find(what) != std::string::npos; });
}

TEST(Doctor, ReportsMachineLibTorchAndPlugins) {
  const Outcome outcome = run_welt({"doctor", "--json"});
  EXPECT_EQ(outcome.status, 0);
  const json report = json::parse(outcome.out);
  EXPECT_TRUE(report["usable"]);
  EXPECT_GE(report["cpu"]["usable_cores"], 1);
  EXPECT_GT(report["memory"]["total"], 0);
  EXPECT_EQ(report["libtorch"]["version"], report["libtorch"]["built_with"]);
  EXPECT_NE(report["libtorch"]["path"].get<std::string>().find("libtorch_cpu.so"), std::string::npos);
  EXPECT_TRUE(report["plugins"]["found"].is_array());
  EXPECT_GT(report["disk"]["free"], 0);
}

TEST(Doctor, TextSaysTheSame) {
  const Outcome outcome = run_welt({"doctor"});
  EXPECT_EQ(outcome.status, 0);
  for (const char* part :
       {"cpu ", "memory ", "LibTorch ", "allocator ", "OpenMP ", "disk ", "plugins ", "can be used"}) {
    EXPECT_TRUE(has(outcome.out, part)) << part << " in\n" << outcome.out;
  }
}

TEST(Doctor, NamesWhatIsSlow) {
  const json one_thread = json::parse(run_welt({"doctor", "--json"}, "OMP_NUM_THREADS=1").out);
  if (one_thread["cpu"]["usable_cores"] > 1) {
    EXPECT_TRUE(warns_of(one_thread, "OMP_NUM_THREADS")) << one_thread;
  }
  const json own_malloc = json::parse(run_welt({"doctor", "--json"}, "GLIBC_TUNABLES=glibc.malloc.mmap_max=0").out);
  EXPECT_EQ(own_malloc["allocator"]["state"].get<std::string>().substr(0, 39), "glibc malloc, tuned by GLIBC_TUNABLES");
}

}  // namespace
}  // namespace welt
