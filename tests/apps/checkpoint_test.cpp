// `welt checkpoint inspect` as a user runs it: output and exit status for whole and damaged checkpoints.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class CheckpointVerb : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"config.json", "model.safetensors"})
      fs::copy(fs::path(WELT_TEST_DATA) / "welt" / "bytes-only" / name, folder_ / name);
  }
  Outcome inspect(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"checkpoint", "inspect", folder_.path().string()});
    return run_welt(more);
  }
  TempFolder folder_;
};

TEST_F(CheckpointVerb, AWholeOneIsDescribedAndPassesTheCheck) {
  const Outcome plain = inspect();
  EXPECT_EQ(plain.status, 0) << plain.err;
  for (const char* said : {"Python WeLT", "image_encoder       off", "latent_transformer  llama", "104 tensors",
                           "values were not read", "No problem found."})
    EXPECT_CONTAINS(plain.out, said);
  EXPECT_EQ(plain.out.find("encoder_norm.weight"), std::string::npos);
  const Outcome checked = inspect({"--check", "--tensors"});
  EXPECT_EQ(checked.status, 0) << checked.err;
  EXPECT_CONTAINS(checked.out, "every value was read");
  EXPECT_CONTAINS(checked.out, "encoder_norm.weight");
  EXPECT_CONTAINS(checked.out, "infinite");
  const Json json = Json::parse(inspect({"--json"}).out);
  EXPECT_EQ(json.at("weights").at("tensors"), 104);
  EXPECT_TRUE(json.at("problems").empty());
}

TEST_F(CheckpointVerb, DamageIsToldAndOnlyTheCheckFailsForIt) {
  fs::remove(folder_ / "config.json");
  const Outcome told = inspect();
  EXPECT_EQ(told.status, 0) << told.err;
  EXPECT_CONTAINS(told.out, "config.json: cannot be opened: No such file");
  EXPECT_CONTAINS(told.out, "104 tensors");
  EXPECT_EQ(inspect({"--check"}).status, 1);
  EXPECT_EQ(inspect({"--check", "--json"}).status, 1);
}

TEST_F(CheckpointVerb, WhatCannotBeReadAtAllFails) {
  fs::resize_file(folder_ / "model.safetensors", 100);
  EXPECT_EQ(inspect().status, 0);  // config.json is there
  fs::resize_file(folder_ / "config.json", 10);
  const Outcome nothing = inspect();
  EXPECT_EQ(nothing.status, 1);
  EXPECT_CONTAINS(nothing.out, "model.safetensors");
  const Outcome none = run_welt({"checkpoint", "inspect", "/nowhere"});
  EXPECT_EQ(none.status, 1);
  EXPECT_CONTAINS(none.err, "/nowhere");
}

}  // namespace
}  // namespace welt::test
