// `welt doctor`: the facts are there, and an environment that makes welt slow is named.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt {
namespace {

using nlohmann::json;
using test::has;
using test::Outcome;
using test::run_welt;

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

TEST(Doctor, SaysWhereTensorsLieAndObeysTheVariable) {
  EXPECT_TRUE(has(run_welt({"doctor"}).out, "tensors ")) << run_welt({"doctor"}).out;
  const json asked = json::parse(run_welt({"doctor", "--json"}, "WELT_TENSOR_MEMORY=malloc").out);
  EXPECT_EQ(asked["allocator"]["tensors"], "tensors from malloc, too");
}

TEST(Doctor, SaysWhoMultipliesInBfloat16AndObeysTheVariable) {
  const auto products = [](const char* environment) {
    return json::parse(run_welt({"doctor", "--json"}, environment).out)["kernels"]["bfloat16_products"];
  };
  EXPECT_EQ(products("WELT_PRODUCTS=library"), "library");
  EXPECT_EQ(products("WELT_PRODUCTS=kernels"), "kernels");
  EXPECT_EQ(products("WELT_PRODUCTS=kernels WELT_KERNELS=off"), "library");
  const Outcome unknown = run_welt({"doctor"}, "WELT_PRODUCTS=mine");
  EXPECT_EQ(unknown.status, 1);
  EXPECT_EQ(unknown.out, "");
  EXPECT_TRUE(has(unknown.err, "mine") && has(unknown.err, "kernels or library")) << unknown.err;
}

TEST(Doctor, SaysWhichKernelsRunAndObeysTheVariable) {
  const json own = json::parse(run_welt({"doctor", "--json"}).out);
  const json& available = own["kernels"]["available"];
  ASSERT_FALSE(available.empty());
  EXPECT_EQ(own["kernels"]["chosen"], available.back());
  EXPECT_EQ(json::parse(run_welt({"doctor", "--json"}, "WELT_KERNELS=baseline").out)["kernels"]["chosen"], "baseline");
  const json off = json::parse(run_welt({"doctor", "--json"}, "WELT_KERNELS=off").out);
  EXPECT_EQ(off["kernels"]["chosen"], "off");
  EXPECT_TRUE(warns_of(off, "WELT_KERNELS"));
  const Outcome unknown = run_welt({"doctor"}, "WELT_KERNELS=avx9000");
  EXPECT_EQ(unknown.status, 1);
  EXPECT_TRUE(has(unknown.err, "avx9000") && has(unknown.err, "baseline")) << unknown.err;
}

}  // namespace
}  // namespace welt
