// What training asks of a latent transformer, and what it lacks: prefix blocks where it never looks ahead and samples
// where it has no cache are refused before anything is written. And activation checkpointing, which changes no loss.
#include "tests/apps/latent_training.h"

namespace welt::test {
namespace {

const fs::path zoo = WELT_PLUGIN_ZOO;
const std::string plugins = "WELT_PLUGIN_PATH=" + shell_quoted((zoo / "torch_never_looks_ahead").string() + ":" +
                                                               (zoo / "torch_no_cache").string());

TEST(LatentThatNeverLooksAhead, SaysSoAndRefusesWhatItDoesNotTake) {
  const Outcome described = run_welt({"plugin", "describe", "torch_never_looks_ahead"}, plugins);
  EXPECT_CONTAINS(described.out, "dense rows, packed rows; causal, without prefix blocks");
  const fs::path file = zoo / "torch_never_looks_ahead/welt_torch_never_looks_ahead.plugin.so";
  const Outcome checked = run_welt({"plugin", "check", file.string(), "--include", "^attention", "--json"});
  std::string skipped;
  const Json report = Json::parse(checked.out);
  for (const Json& result : report.at("results"))
    if (std::string(result.at("message")).starts_with("it never looks ahead"))
      skipped += std::string(result.at("name")) + " ";
  EXPECT_EQ(skipped, "attention.dense_mask attention.dense_hides attention.prefix_block ") << checked.out;
}

class LatentTrainingSlow : public LatentTraining {
 protected:
  LatentTrainingSlow() : LatentTraining("plugin = \"torch_never_looks_ahead\"", plugins) {}
  void expect_refused_everywhere(const std::vector<std::string>& settings, const std::vector<std::string>& expected) {
    std::vector<std::string> looking = settings;
    looking.push_back("--dry-run");
    for (const Outcome& outcome : {welt("validate", settings), welt("run", looking), welt("run", settings)}) {
      EXPECT_EQ(outcome.status, 1) << outcome.out;
      EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
      for (const std::string& text : expected) EXPECT_CONTAINS(outcome.err, text);
    }
    EXPECT_FALSE(fs::exists(folder_ / "runs"));
  }
};

TEST_F(LatentTrainingSlow, TextWithoutPrefixBlocksTrainsAndPromptsWithThemAreRefused) {
  ASSERT_EQ(welt("run").status, 0);
  EXPECT_LT(losses("tiny").at(6), losses("tiny").at(1));
  const std::string run = (folder_ / "runs/tiny").string(), block = "\016a b\017 c";
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"generate", run, "--prompt", block},
        {"embed", run, "--text", block, "--level", "latents", "--out", (folder_ / "vectors.npy").string()}}) {
    const Outcome outcome = run_welt(words, plugins);
    EXPECT_EQ(outcome.status, 1) << words.front();
    EXPECT_CONTAINS(outcome.err, "a block from SO (0E) to SI (0F)");
    EXPECT_CONTAINS(outcome.err, "torch_never_looks_ahead never looks ahead");
  }
}

TEST_F(LatentTrainingSlow, TextWithPrefixBlocksIsRefusedByItsKey) {
  folder_.put("text.txt", lines_ + "\016question one\017 and an answer\n\016two\017 and another\n");
  expect_refused_everywhere({}, {"recipe.toml:", "data.train.files: 2 blocks from SO (0E) to SI (0F)",
                                 "torch_never_looks_ahead never looks ahead"});
  EXPECT_EQ(welt("validate", {"--set", "model.latent.plugin=llama", "--set",
                              "model.latent.config={hidden_size=16,num_hidden_layers=1,num_attention_heads=2}"})
                .status,
            0);
}

TEST_F(LatentTrainingSlow, PromptsWithPrefixBlocksAreRefusedByTheirKey) {
  expect_refused_everywhere(
      {"--set", "samples.prompts=[\"\\u000Ea b\\u000F c\"]"},
      {"samples.prompts: a block from SO (0E) to SI (0F)", "torch_never_looks_ahead never looks ahead"});
}

TEST_F(LatentTrainingSlow, SamplesOfALatentWithoutACacheAreRefusedBeforeTraining) {
  const std::vector<std::string> without = {"--set", "model.latent.plugin=torch_no_cache", "--set",
                                            "model.latent.config={}"};
  expect_refused_everywhere(without, {"samples.count: samples are to be written", "torch_no_cache", "has no cache"});
  std::vector<std::string> silent = without;
  silent.insert(silent.end(), {"--set", "samples.count=0"});
  const Outcome trained = welt("run", silent);
  EXPECT_EQ(trained.status, 0) << trained.err;
}

TEST_F(LatentTrainingSlow, ActivationCheckpointingTrainsAlike) {
  const Outcome plain = welt("run", {"--set", "name=plain"});
  const Outcome again = welt("run", {"--set", "name=again", "--set", "train.activation_checkpoint_every=1"});
  ASSERT_EQ(plain.status, 0) << plain.err;
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.err.find("activation_checkpoint_every"), std::string::npos) << again.err;
  const std::map<int, double> expected = losses("plain"), found = losses("again");
  ASSERT_EQ(found.size(), 6U);
  for (const auto& [step, loss] : found) EXPECT_NEAR(loss, expected.at(step), 1e-6) << step;
}

}  // namespace
}  // namespace welt::test
