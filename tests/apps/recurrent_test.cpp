// The recurrent template as a user has it: it passes its check, trains, resumes and generates.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path zoo = fs::path(WELT_BUILD_DIR) / "tests/plugins";
const std::string plugins = "WELT_PLUGIN_PATH=" + shell_quoted(zoo / "my_plugin");

TEST(RecurrentPlugin, PassesEveryConformanceTestButForLookingAhead) {
  const Outcome outcome =
      run_welt({"plugin", "check", (zoo / "my_plugin/welt_my_plugin.plugin.so").string(), "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  std::string ahead;
  const Json report = Json::parse(outcome.out);
  for (const Json& result : report.at("results")) {
    const std::string name = result.at("name"), message = result.at("message");
    if (result.at("status") == "skip" && message.find("never looks ahead") != message.npos) ahead += name + " ";
    if (!name.starts_with("cache.") && !name.starts_with("device.")) continue;
    EXPECT_EQ(result.at("status"), "pass") << name;
  }
  EXPECT_EQ(ahead, "attention.dense_mask attention.dense_hides attention.prefix_block ");
}

// A folder with a text and a recipe of a model so small that a step takes milliseconds.
class RecurrentTrainingSlow : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 60; ++i) lines_ += "verse " + std::to_string(i * 7919 % 101) + " of the small book: words.\n";
    folder_.put("text.txt", lines_);
    folder_.put("recipe.toml", "name = \"tiny\"\nrun_dir = \"" + (folder_ / "runs").string() + R"("
[model.segmenter]
max_bytes = 12
[model.bytes_encoder]
plugin = "bert"
config = { hidden_size = 16, num_hidden_layers = 2, num_attention_heads = 2, intermediate_size = 16, max_position_embeddings = 16 }
[model.latent]
plugin = "my_plugin"
config = { hidden_size = 16, num_hidden_layers = 2, num_heads = 2 }
[model.decoder]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16, max_position_embeddings = 16, tie_word_embeddings = true }
[data.train]
files = [")" + (folder_ / "text.txt").string() +
                                   R"("]
format = "lines"
[train]
steps = 6
batch = 2
words = 16
learning_rate = 1e-2
warmup_steps = 1
[samples]
prompts = ["verse 1 of "]
words = 3
)");
  }
  Outcome welt(const std::string& verb, std::vector<std::string> more = {}) const {
    std::vector<std::string> words{verb, (folder_ / "recipe.toml").string()};
    words.insert(words.end(), more.begin(), more.end());
    return run_welt(words, plugins);
  }
  std::map<int, double> losses(const std::string& name) const {
    std::map<int, double> found;
    std::istringstream lines(slurp(folder_.path() / "runs" / name / "log.jsonl"));
    for (std::string line; std::getline(lines, line);)
      if (const Json json = Json::parse(line); json.at("kind") == "train") found[json.at("step")] = json.at("loss");
    return found;
  }

  TempFolder folder_;
  std::string lines_;
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
  const Outcome text = run_welt({"generate", run, "--prompt", "verse 1 of ", "--words", "3"}, plugins);
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_CONTAINS(text.out, "verse 1 of ");
}

}  // namespace
}  // namespace welt::test
