// Training and the machine it runs on: batches that memory does not suffice for, profiles, throughput, kills between a
// best evaluation and the next checkpoint.
#include "tests/apps/training.h"

namespace welt::test {
namespace {

using TrainMachineSlow = Training;

double need_in_gb(const std::string& message) {
  const std::size_t at = message.find("training needs ");
  return at == std::string::npos ? 0 : std::stod(message.substr(at + 15));
}

TEST_F(TrainMachineSlow, ABatchThatMemoryDoesNotSufficeForIsComputedInPiecesWithTheLossesOfThoseSetByHand) {
  const std::string wide = "model.latent.config.intermediate_size=16384";  // so that a row counts
  const std::vector<std::string> large{wide, "train.batch=64", "train.words=32", "train.steps=3"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), large.begin(), large.end());
    return settings(more);
  };
  const Outcome refused = train(with({"train.memory_gb=0.1"}));
  EXPECT_EQ(refused.status, 1);
  EXPECT_CONTAINS(refused.err, "train.auto_micro_batch = true");
  EXPECT_CONTAINS(refused.err, "train.memory_gb = 0.1");
  EXPECT_GT(need_in_gb(refused.err), 0.3);
  EXPECT_FALSE(fs::exists(run_folder()));
  const std::string limit = "train.memory_gb=0.1";
  const Outcome split = train(with({"name=split", limit, "train.auto_micro_batch=true", "train.checkpoint_every=1"}));
  ASSERT_EQ(split.status, 0) << split.err;
  const std::size_t at = split.err.find(" micro-batches of ");
  ASSERT_NE(at, std::string::npos) << split.err;
  const int rows = std::stoi(split.err.substr(at + 18)), pieces = 64 / rows;
  EXPECT_GT(pieces, 1);
  ASSERT_EQ(
      train(with({"name=hand", "train.batch=" + std::to_string(rows), "train.accumulate=" + std::to_string(pieces)}))
          .status,
      0);
  EXPECT_EQ(losses("split"), losses("hand"));

  // With all memory, a run that goes on stays with its pieces.
  fs::remove_all(run_folder("split") / "checkpoints" / "step-00000003");
  fs::remove_all(run_folder("split") / "checkpoints" / "step-00000002");
  fs::remove(run_folder("split") / "summary.json");
  std::vector<std::string> resumed = with({"name=split", "train.auto_micro_batch=true", "train.checkpoint_every=1"});
  resumed.emplace_back("--resume");
  ASSERT_EQ(train(resumed).status, 0);
  EXPECT_EQ(losses("split"), losses("hand"));

  // With another batch, whose rows these pieces may not divide, memory decides anew.
  fs::remove_all(run_folder("split") / "checkpoints" / "step-00000003");
  fs::remove(run_folder("split") / "summary.json");
  resumed.insert(resumed.end(), {"--set", "train.batch=7", "--allow-changes", "train.batch"});
  const Outcome smaller = train(resumed);
  ASSERT_EQ(smaller.status, 0) << smaller.err;
  const fs::path state = run_folder("split") / "checkpoints" / "step-00000003" / "training" / "state.json";
  EXPECT_FALSE(Json::parse(slurp(state)).contains("micro_batches"));
}

TEST_F(TrainMachineSlow, AProfileIsATraceOfStepsAndATable) {
  std::vector<std::string> arguments = settings({"train.steps=8"});
  arguments.insert(arguments.end(), {"--profile", "2"});
  const Outcome run = train(arguments);
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_CONTAINS(run.out, "own ms a step");
  EXPECT_CONTAINS(slurp(run_folder() / "profile" / "operators.txt"), "aten::");
  const Json trace = Json::parse(slurp(run_folder() / "profile" / "trace.json"));
  std::map<std::string, int> kinds;
  std::vector<std::string> steps;
  for (const Json& event : trace.at("traceEvents")) {
    if (event.at("ph") != "X") continue;
    ++kinds[event.at("cat")];
    EXPECT_GE(event.at("dur").get<double>(), 0);
    const std::string name = event.at("name");
    if (name.starts_with("step ")) steps.push_back(name.substr(0, 6));
  }
  EXPECT_EQ(steps, (std::vector<std::string>{"step 3", "step 4"}));
  EXPECT_GT(kinds["operator"], 100);
  EXPECT_GT(kinds["backward"], 10);
  const Outcome none = train({"--profile", "0"});
  EXPECT_NE(none.status, 0);
}

TEST_F(TrainMachineSlow, LinesOfTheLogGiveThroughputAndTheShareOfTheProductPeak) {
  const Outcome run = train(settings({"train.log_every=2"}));
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_CONTAINS(run.out, "of word slots empty");
  std::ifstream in(run_folder() / "log.jsonl");
  int lines = 0;
  for (std::string text; std::getline(in, text);) {
    const Json line = Json::parse(text);
    if (line.at("kind") != "train") continue;
    ++lines;
    EXPECT_NEAR(line.at("bytes_per_second"), line.at("bytes").get<double>() / line.at("step_seconds").get<double>(), 1);
    EXPECT_GE(line.at("padding_share"), 0);
    EXPECT_GT(line.at("mfu"), 0);
    EXPECT_LT(line.at("mfu"), 1);
  }
  EXPECT_EQ(lines, 3);
}

// The best of a checkpoint had been removed by a better one that no checkpoint knew of.
TEST_F(TrainMachineSlow, AKillBetweenABestEvaluationAndTheNextCheckpointLosesNoBest) {
  const std::vector<std::string> set =
      settings({"train.steps=60", "train.eval_every=1", "train.checkpoint_every=5", "train.best_metric=loss",
                "train.learning_rate=0.0001", "train.keep_checkpoints=2"});
  const auto best_steps = [&] {
    std::vector<int> steps;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(run_folder() / "best", none))
      if (const std::string name = entry.path().filename(); name.starts_with("step-"))
        steps.push_back(std::stoi(name.substr(5)));
    std::sort(steps.begin(), steps.end());
    return steps;
  };
  const pid_t child = start(set);
  EXPECT_TRUE(
      wait_until([&] { return !best_steps().empty() && best_steps().back() % 5 >= 2 && best_steps().back() > 5; }));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_FALSE(checkpoints().empty());
  const Json state =
      Json::parse(slurp(run_folder() / "checkpoints" / checkpoints().back() / "training" / "state.json"));
  const std::vector<int> after_kill = best_steps();
  EXPECT_EQ(std::ranges::count(after_kill, state.at("best").at("step").get<int>()), 1);
  std::vector<std::string> resume = set;
  resume.emplace_back("--resume");
  const Outcome resumed = train(resume);
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  const Json summary = Json::parse(slurp(run_folder() / "summary.json"));
  EXPECT_EQ(best_steps(), std::vector<int>{summary.at("best").at("step").get<int>()});
}

TEST_F(TrainMachineSlow, ADecayLongerThanTheRunIsRefused) {
  const std::vector<std::string> set = settings({"train.schedule=wsd", "train.decay_steps=5"});  // behind 2 of 6
  const Outcome run = train(set);
  EXPECT_EQ(run.status, 1);
  EXPECT_CONTAINS(run.err, "train.decay_steps");
  EXPECT_CONTAINS(run.err, "at most 4");
  std::vector<std::string> validate{"validate", (folder_ / "recipe.toml").string()};
  validate.insert(validate.end(), set.begin(), set.end());
  EXPECT_EQ(run_welt(validate).status, 1);
  EXPECT_FALSE(fs::exists(run_folder()));
}

}  // namespace
}  // namespace welt::test
