// The recurrent template as a user has it: it passes its check, trains, resumes and generates.
#include "tests/apps/latent_training.h"

namespace welt::test {
namespace {

const fs::path recurrent_folder = WELT_PLUGIN_ZOO;
const std::string recurrent_plugins = "WELT_PLUGIN_PATH=" + shell_quoted(recurrent_folder / "my_plugin");

TEST(RecurrentPlugin, FailsNoConformanceTestAndSkipsOnlyLookingAheadOfThoseOfCacheAndDevice) {
  const Outcome outcome =
      run_welt({"plugin", "check", (recurrent_folder / "my_plugin/welt_my_plugin.plugin.so").string(), "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  std::string ahead;
  int of_cache_and_device = 0;
  const Json report = Json::parse(outcome.out);
  for (const Json& result : report.at("results")) {
    const std::string name = result.at("name"), message = result.at("message");
    if (result.at("status") == "skip" && message.find("never looks ahead") != message.npos) ahead += name + " ";
    if (!name.starts_with("cache.") && !name.starts_with("device.")) continue;
    EXPECT_EQ(result.at("status"), "pass") << name;
    ++of_cache_and_device;
  }
  EXPECT_GE(of_cache_and_device, 4);
  EXPECT_EQ(ahead, "attention.dense_mask attention.dense_hides attention.prefix_block ");
}

class RecurrentTrainingSlow : public LatentTraining {
 protected:
  RecurrentTrainingSlow()
      : LatentTraining("plugin = \"my_plugin\"\nconfig = { hidden_size = 16, num_hidden_layers = 2, num_heads = 2 }",
                       recurrent_plugins) {}
};

TEST_F(RecurrentTrainingSlow, TrainsResumesAndGenerates) {
  ASSERT_EQ(welt("run", {"--set", "name=whole"}).status, 0);
  const std::map<int, double> whole = losses("whole");
  ASSERT_EQ(whole.size(), 6U);
  EXPECT_LT(whole.at(6), whole.at(1));
  EXPECT_CONTAINS(slurp(folder_ / "runs/whole/samples.jsonl"), "verse 1 of ");

  ASSERT_EQ(welt("run", {"--set", "train.checkpoint_every=3"}).status, 0);
  fs::remove_all(folder_ / "runs/tiny/checkpoints/step-00000006");
  const Outcome resumed = welt("run", {"--set", "train.checkpoint_every=3", "--resume"});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(losses("tiny"), whole);

  const std::string run = (folder_ / "runs/whole").string();
  const Outcome text = run_welt({"generate", run, "--prompt", "verse 1 of ", "--words", "3"}, recurrent_plugins);
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_CONTAINS(text.out, "verse 1 of ");
}

}  // namespace
}  // namespace welt::test
