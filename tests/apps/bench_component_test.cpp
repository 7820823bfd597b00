// `welt bench component` as a user runs it: what it counts, and what it refuses.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

Outcome bench(const std::string& model, const std::string& role, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"bench",  "component", std::string(WELT_TEST_DATA "/models/") + model,
                                        "--role", role,        "--rows",
                                        "2",      "--repeats", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_welt(arguments);
}

// They were 0 where no gradients were asked for.
TEST(BenchComponentVerb, CountsParametersWithAndWithoutGradients) {
  const auto parameters = [](const std::vector<std::string>& more) {
    const Outcome outcome = bench("phi-tied", "latent", more);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out).at("parameters").get<int>();
  };
  const int forward = parameters({"--json"});
  EXPECT_GT(forward, 0);
  EXPECT_EQ(parameters({"--json", "--backward"}), forward);
}

// They were taken without a word, and did nothing.
TEST(BenchComponentVerb, RefusesWidthsThatWouldDoNothing) {
  const Outcome rows = bench("phi-tied", "latent", {"--widths", "2"}),
                one = bench("vit-a", "image_encoder", {"--by-width"});
  EXPECT_EQ(rows.status, 1);
  EXPECT_NE(rows.err.find("--widths"), std::string::npos) << rows.err;
  EXPECT_NE(one.status, 0);
  EXPECT_NE(one.err.find("--widths"), std::string::npos) << one.err;
}

}  // namespace
}  // namespace welt::test
