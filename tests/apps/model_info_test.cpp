// `welt model info` as a user runs it: recipes by name, overrides, checkpoints, JSON, refusals.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string described_model = (fs::path(WELT_TEST_DATA) / "welt" / "bytes-only").string();

Json described(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"model", "info"});
  arguments.emplace_back("--json");
  const Outcome outcome = run_welt(arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return Json::parse(outcome.out, nullptr, false);
}

const Json* part(const Json& info, const std::string& name) {
  for (const Json& one : info.at("parts"))
    if (one.at("name") == name) return &one;
  ADD_FAILURE() << "no part " << name;
  return nullptr;
}

TEST(ModelInfoVerb, SaysWhatTrainingTakes) {
  const auto peak = [](const std::string& setting) {
    const Json need = described({"presets/nano.toml", "--set", setting}).at("training_memory");
    std::int64_t sum = 0;
    for (const char* part : {"weights", "gradients", "optimizer", "copies", "activations", "program"})
      sum += need.at(part).get<std::int64_t>();
    EXPECT_EQ(need.at("peak"), sum);
    return sum;
  };
  EXPECT_GT(peak("train.batch=64"), peak("train.batch=8") + 100'000'000);
  EXPECT_TRUE(described({described_model}).at("training_memory").is_null());
  const Outcome refused = run_welt({"model", "info", "presets/nano.toml", "--set", "train.memory_gb=0.05"});
  EXPECT_EQ(refused.status, 0) << refused.err;
  EXPECT_CONTAINS(refused.out, "Peak memory of training");
  EXPECT_CONTAINS(refused.out, "train.memory_gb = 0.05 allows no more");
}

TEST(ModelInfoVerb, ARecipeThatCameWithTheProgramIsFoundByName) {
  const TempFolder folder;
  const Outcome outcome =
      run_welt({"model", "info", "presets/nano.toml"}, "cd " + shell_quoted(folder.path().string()) + " &&");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_CONTAINS(outcome.out, "rows of 128 words");
  EXPECT_CONTAINS(outcome.out, "latent transformer");
  EXPECT_CONTAINS(outcome.out, "2,623,744");
}

// It was taken without a word, and did nothing.
TEST(ModelInfoVerb, AKeyThatChangesNothingIsSaidInOneLine) {
  const Outcome outcome =
      run_welt({"model", "info", "presets/nano.toml", "--set", "model.image_encoder.config.encoder_stride=8"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_CONTAINS(outcome.err, "model.image_encoder.config: encoder_stride changes nothing that plugin vit computes");
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
}

TEST(ModelInfoVerb, OverridesAndLengthsChangeTheFigures) {
  const std::string recipe = WELT_SOURCE_DIR "/recipes/presets/nano.toml";
  const Json plain = described({recipe});
  const Json longer = described({recipe, "--words", "256", "--bytes-per-word", "6.5"});
  EXPECT_EQ(longer.at("parameters"), plain.at("parameters"));
  EXPECT_EQ(longer.at("lengths").at("words"), 256);
  EXPECT_GT(longer.at("forward_flops_per_word"), plain.at("forward_flops_per_word"));
  EXPECT_EQ(longer.at("memory").at("latent_cache").at("bytes"),
            2 * plain.at("memory").at("latent_cache").at("bytes").get<std::int64_t>());
  EXPECT_EQ(part(longer, "bytes_decoder")->at("positions_per_word"), 8.5);
  EXPECT_DOUBLE_EQ(plain.at("training_flops_per_word").get<double>(),
                   3 * plain.at("forward_flops_per_word").get<double>());
  const Json deeper = described({recipe, "--set", "model.latent.config.num_hidden_layers=8"});
  const auto size = [](const Json& info) {
    return part(info, "latent_transformer")->at("parameters").get<std::int64_t>();
  };
  EXPECT_EQ(size(deeper) - 256, 2 * (size(plain) - 256));  // all but the last norm
  EXPECT_EQ(described({recipe, "--set", "train.words=64"}).at("lengths").at("words"), 64);
}

TEST(ModelInfoVerb, ACheckpointNeedsOnlyItsConfiguration) {
  const TempFolder folder;
  fs::copy(fs::path(described_model) / "config.json", folder / "config.json");
  const Json bare = described({folder.path().string()});
  EXPECT_EQ(bare.at("parameters"), 90'112);
  EXPECT_EQ(bare.at("lengths").at("words"), 128);
  folder.put("processor_config.json", R"({"max_seq_length": 24})");
  EXPECT_EQ(described({folder.path().string()}).at("lengths").at("words"), 24);
  EXPECT_EQ(described({folder.path().string(), "--words", "9"}).at("lengths").at("words"), 9);
}

TEST(ModelInfoVerb, RefusalsSayWhatWasExpected) {
  const auto refusal = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"model", "info"});
    const Outcome outcome = run_welt(arguments);
    EXPECT_EQ(outcome.status, 1) << outcome.out;
    return outcome.err;
  };
  EXPECT_CONTAINS(refusal({"presets/nono.toml"}), "Did you mean \"presets/nano.toml\"");
  EXPECT_CONTAINS(refusal({described_model, "--set", "train.words=3"}), "--set with a recipe");
  EXPECT_CONTAINS(refusal({described_model, "--bytes-per-word", "39"}), "at most 40, which the bytes encoder has");
  EXPECT_CONTAINS(refusal({described_model, "--words", "0"}), "expected 1 or more");
  const TempFolder empty;
  EXPECT_CONTAINS(refusal({empty.path().string()}), "a run folder or a checkpoint");
  fs::create_symlink("loop", empty / "loop");  // what cannot be looked at was a raw error of the file system
  EXPECT_EQ(refusal({(empty / "loop").string()}).find("filesystem error"), std::string::npos);
}

}  // namespace
}  // namespace welt::test
