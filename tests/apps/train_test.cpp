// Training as a user runs it: logs, exact resume, signals, kills, full disks, numbers that run away, bad text.
#include <sys/resource.h>

#include "tests/apps/training.h"

namespace welt::test {
namespace {

using TrainingSlow = Training;

TEST_F(TrainingSlow, WritesRecipeLogCheckpointAndSummary) {
  const Outcome run = train();
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(losses().size(), 6U);
  EXPECT_EQ(checkpoints(), (std::vector<std::string>{"step-00000006"}));
  const Json summary = Json::parse(slurp(run_folder() / "summary.json"));
  EXPECT_GT(summary.at("before").at("bits_per_byte").get<double>(), 7.0);
  EXPECT_LT(summary.at("after").at("bits_per_byte").get<double>(), summary.at("before").at("bits_per_byte"));
  EXPECT_GT(summary.at("baseline").at("byte_unigram_bits_per_byte").get<double>(), 0.0);
  EXPECT_CONTAINS(run.out, "byte trigram (baseline)");
  EXPECT_CONTAINS(run.out, run_folder().string());
  EXPECT_GE(Json::parse(slurp(run_folder() / "plugins.json")).size(), 3U);
  // The evaluation of the checkpoint gives the figure of the summary again.
  const Outcome again = run_welt({"evaluate", run_folder().string(), "--json"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_NEAR(Json::parse(again.out).at("loss").get<double>(), summary.at("after").at("loss").get<double>(), 1e-6);
  // A second run of the same name does not touch the first.
  ASSERT_EQ(train({"--set", "train.steps=1"}).status, 0);
  EXPECT_EQ(losses("tiny-2").size(), 1U);
  EXPECT_EQ(losses().size(), 6U);
}

TEST_F(TrainingSlow, ResumeGivesTheLossesOfAnUnbrokenRun) {
  for (const char* precision : {"fp32", "amp"}) {
    const std::vector<std::string> set{"--set", std::string("precision=") + precision,
                                       "--set", std::string("name=") + precision,
                                       "--set", "train.accumulate=2",
                                       "--set", "train.steps=9",
                                       "--set", "train.checkpoint_every=3"};
    ASSERT_EQ(train(set).status, 0);
    const std::map<int, double> unbroken = losses(precision);
    for (const char* later : {"step-00000006", "step-00000009"})
      fs::remove_all(run_folder(precision) / "checkpoints" / later);
    std::vector<std::string> resume = set;
    resume.push_back("--resume");
    const Outcome run = train(resume);
    ASSERT_EQ(run.status, 0) << run.err;
    EXPECT_EQ(losses(precision), unbroken) << precision;
  }
}

TEST_F(TrainingSlow, EveryPoolingTrains) {
  for (const char* pooling : {"first", "last", "mean"}) {
    const Outcome run = train({"--set", std::string("name=") + pooling, "--set",
                               std::string("model.bytes_encoder.pooling=") + pooling, "--set", "train.steps=20"});
    ASSERT_EQ(run.status, 0) << pooling << run.err;
    EXPECT_LT(losses(pooling).at(20), losses(pooling).at(1)) << pooling;
  }
}

TEST_F(TrainingSlow, ResumeRefusesAnotherRecipe) {
  ASSERT_EQ(train().status, 0);
  const Outcome run = train({"--resume", "--set", "train.learning_rate=0.5"});
  EXPECT_EQ(run.status, 1);
  EXPECT_CONTAINS(run.err, "train.learning_rate: ");
}

TEST_F(TrainingSlow, AFinishedRunGoesOnWhereTheRateIsConstantOnly) {
  ASSERT_EQ(train({"--set", "train.schedule=constant"}).status, 0);
  const Outcome longer = train({"--resume", "--set", "train.schedule=constant", "--set", "train.steps=8"});
  EXPECT_EQ(longer.status, 0) << longer.err;
  EXPECT_EQ(losses().size(), 8U);
  ASSERT_EQ(train({"--set", "name=falling"}).status, 0);
  const Outcome refused = train({"--resume", "--set", "name=falling", "--set", "train.steps=8"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_CONTAINS(refused.err, "train.steps: 6 then, 8 now");
  EXPECT_CONTAINS(refused.err, "model.from");
}

TEST_F(TrainingSlow, DamagedTrainingStateNamesItsFile) {
  ASSERT_EQ(train().status, 0);
  const fs::path state = run_folder() / "checkpoints" / "step-00000006" / "training" / "state.json";
  const Json whole = Json::parse(slurp(state));
  for (const auto& [key, value] : std::multimap<std::string, Json>{{"step", -5},
                                                                   {"step", "x"},
                                                                   {"data", "x"},
                                                                   {"seconds", "x"},
                                                                   {"before", "x"},
                                                                   {"before", {{"nats", "x"}}}}) {
    Json damaged = whole;
    damaged[key] = value;
    std::ofstream(state) << damaged.dump();
    const Outcome run = train({"--resume"});
    EXPECT_EQ(run.status, 1) << damaged.dump();
    EXPECT_CONTAINS(run.err, state.filename().string());
  }
}

TEST_F(TrainingSlow, ValidateMakesTheParts) {
  const auto validate = [&](const std::string& setting) {
    return run_welt({"validate", (folder_ / "recipe.toml").string(), "--set", setting});
  };
  EXPECT_EQ(validate("train.steps=7").status, 0);
  EXPECT_CONTAINS(validate("model.latent.config.num_attention_heads=3").err, "model.latent: plugin \"llama\"");
  EXPECT_CONTAINS(validate("model.segmenter.max_bytes=100").err, "the bytes encoder has 16");
  EXPECT_CONTAINS(validate("data.train.files=[]").err, "data.train.files");
  EXPECT_CONTAINS(validate("model.latent.plugin=lama").err, "--set: model.latent: no plugin offers \"lama\"");
  EXPECT_CONTAINS(validate("model.latent.config.hidden_sise=8").err, "--set: model.latent");
}

TEST_F(TrainingSlow, PluginsOfAnotherVersionThanTheRecipeAsksForAreRefused) {
  const auto validate = [&](const std::vector<std::string>& settings) {
    std::vector<std::string> arguments{"validate", (folder_ / "recipe.toml").string()};
    for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
    return run_welt(arguments);
  };
  EXPECT_EQ(validate({"model.latent.version=>=0.1, <99", "model.segmenter.version=<99"}).status, 0);
  const Outcome newer = validate({"model.latent.version=>=99"});
  EXPECT_EQ(newer.status, 1);
  for (const char* part : {"--set: model.latent.version: plugin \"llama\" is of version", "welt_llama.plugin.so",
                           "expected version >=99", "welt plugin list"})
    EXPECT_CONTAINS(newer.err, part);
  EXPECT_CONTAINS(validate({"model.segmenter.version=<0.0.1"}).err, "model.segmenter.version: plugin \"words\"");
  EXPECT_CONTAINS(validate({"model.decoder.version=\"1.0\""}).err, "\">=1.0\" for all from it on");

  // It is about the file's component, not about one that takes its place.
  folder_.put("other.toml", "extends = \"recipe.toml\"\n[model.latent]\nversion = \">=99\"\n");
  const std::string other = (folder_ / "other.toml").string();
  EXPECT_EQ(run_welt({"validate", other}).status, 1);
  EXPECT_EQ(run_welt({"validate", other, "--set", "model.latent.plugin=gpt2"}).status, 0);
}

TEST_F(TrainingSlow, APluginsVersionIsCheckedAgainOnResumeAndMayBeAskedForThen) {
  ASSERT_EQ(train().status, 0);
  EXPECT_EQ(train({"--resume", "--set", "model.decoder.version=<99"}).status, 0);
  const Outcome refused = train({"--resume", "--set", "model.decoder.version=>=99"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_CONTAINS(refused.err, "model.decoder.version: plugin \"llama\"");
  const std::vector<std::string> evaluate{"evaluate", run_folder().string(), "--set",
                                          "model.bytes_encoder.version=>=99"};
  EXPECT_CONTAINS(run_welt(evaluate).err, "model.bytes_encoder.version: plugin \"bert\"");
}

TEST_F(TrainingSlow, SigintSigtermAndSighupSaveAndLeave) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const std::string name = "signal-" + std::to_string(signal);
    const pid_t child = start({"--set", "train.steps=100000", "--set", "name=" + name});
    ASSERT_TRUE(wait_until([&] {
      return fs::exists(run_folder(name) / "log.jsonl") && fs::file_size(run_folder(name) / "log.jsonl") > 1000;
    }));
    ::kill(child, signal);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 128 + signal);
    ASSERT_EQ(checkpoints(name).size(), 1U);
    EXPECT_EQ(run_welt({"evaluate", run_folder(name).string()}).status, 0);
  }
}

TEST_F(TrainingSlow, KillWhileCheckpointsAreWrittenLosesNoWholeOne) {
  const std::vector<std::string> often{"--set", "train.steps=100000",       "--set", "train.checkpoint_every=1",
                                       "--set", "train.keep_checkpoints=3", "--set", "train.warmup_steps=0",
                                       "--set", "train.schedule=constant"};
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> arguments = often;
    if (round > 0) arguments.push_back("--resume");
    const std::vector<std::string> before = checkpoints();
    const pid_t child = start(arguments);
    EXPECT_TRUE(wait_until([&] { return checkpoints().size() >= 2 && checkpoints() != before; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(7 + 13 * round));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    for (const std::string& name : checkpoints()) {
      const Outcome run = run_welt({"evaluate", (run_folder() / "checkpoints" / name).string()});
      EXPECT_EQ(run.status, 0) << name << run.err;
    }
  }
}

TEST_F(TrainingSlow, ADiskThatIsFullIsOneParagraphAndKeepsTheLastCheckpoint) {
  ASSERT_EQ(train().status, 0);
  const std::vector<std::string> before = checkpoints();
  // A limit on file sizes makes writes fail as a full disk does (EFBIG instead of ENOSPC).
  const std::string limited = "ulimit -f 20; trap '' XFSZ;";
  const Outcome run = train({"--set", "name=full"}, limited);
  EXPECT_EQ(run.status, 1);
  EXPECT_CONTAINS(run.err, "model.safetensors");
  EXPECT_TRUE(checkpoints("full").empty());
  EXPECT_EQ(checkpoints(), before);
}

TEST_F(TrainingSlow, ALossThatIsNotFiniteStopsWithStepBatchAndGroup) {
  const Outcome run = train({"--set", "train.learning_rate=1e15", "--set", "train.clip=0", "--set",
                             "train.checkpoint_every=1", "--set", "train.warmup_steps=0"});
  EXPECT_EQ(run.status, 1);
  EXPECT_CONTAINS(run.err, "step ");
  EXPECT_CONTAINS(run.err, "rows ");
  EXPECT_CONTAINS(run.err, "parameter group ");
  EXPECT_CONTAINS(run.err, "its output is not finite");  // of the first part
  EXPECT_FALSE(checkpoints().empty());
}

TEST_F(TrainingSlow, TextThatIsNotUtf8IsNamedWithFileAndByte) {
  folder_.put("text.txt", "good words\nbad \xFF word\n");
  const Outcome run = train();
  EXPECT_EQ(run.status, 1);
  EXPECT_CONTAINS(run.err, "text.txt");
  EXPECT_CONTAINS(run.err, "15");
  EXPECT_EQ(train({"--set", "data.train.on_invalid=replace", "--set", "data.validation.fraction=0"}).status, 0);
  EXPECT_EQ(train({"--set", "data.train.on_invalid=skip", "--set", "data.validation.fraction=0"}).status, 0);
}

TEST_F(TrainingSlow, LimitsThatDoNotFitAreRefusedBeforeTraining) {
  const Outcome bytes = train({"--set", "model.segmenter.max_bytes=15"});
  EXPECT_EQ(bytes.status, 1);
  EXPECT_CONTAINS(bytes.err, "model.segmenter.max_bytes");
  EXPECT_CONTAINS(bytes.err, "bytes encoder has 16");
  EXPECT_FALSE(fs::exists(run_folder()));
}

TEST_F(TrainingSlow, PlanAndRecipeChangeNothing) {
  const Outcome plan = train({"--dry-run"});
  EXPECT_EQ(plan.status, 0) << plan.err;
  EXPECT_CONTAINS(plan.out, "parameters");
  const Outcome recipe = train({"--print-recipe"});
  EXPECT_EQ(recipe.status, 0);
  EXPECT_CONTAINS(recipe.out, "steps");
  const std::string file = (folder_ / "recipe.toml").string();
  EXPECT_EQ(run_welt({"validate", file}).status, 0);
  const Outcome refused = run_welt({"validate", file, "--set", "model.latent.config.num_attention_heads=5"});
  EXPECT_EQ(refused.status, 1);  // the plugin itself refuses: 5 heads do not divide the width
  EXPECT_CONTAINS(refused.err, "model.latent: plugin \"llama\"");
  EXPECT_FALSE(fs::exists(folder_ / "runs"));
}

TEST_F(TrainingSlow, BenchReportsSpeedAndParts) {
  const Outcome run = run_welt({"bench", "train", (folder_ / "recipe.toml").string(), "--steps", "2", "--json"});
  ASSERT_EQ(run.status, 0) << run.err;
  const Json json = Json::parse(run.out);
  EXPECT_GT(json.at("words_per_second").get<double>(), 0);
  EXPECT_EQ(json.at("milliseconds").size(), 7U);
  EXPECT_FALSE(fs::exists(folder_ / "runs"));
}

// It showed a plan of a new run.
TEST_F(TrainingSlow, ADryRunOfAResumeSaysWhatItWouldGoOnFrom) {
  const std::vector<std::string> longer{"--dry-run", "--resume",     "--set", "train.schedule=constant",
                                        "--set",     "train.steps=8"};
  ASSERT_EQ(train({"--set", "train.schedule=constant"}).status, 0);
  const Outcome plan = train(longer);
  EXPECT_EQ(plan.status, 0) << plan.err;
  EXPECT_CONTAINS(plan.out, "goes on behind step 6, from " + (run_folder() / "checkpoints").string());
  EXPECT_CONTAINS(train({"--dry-run", "--resume", "--set", "train.schedule=constant"}).out, "is finished: step 6 of 6");
  const Outcome other = train({"--dry-run", "--resume", "--set", "train.steps=8"});
  EXPECT_EQ(other.status, 1);
  EXPECT_CONTAINS(other.err, "train.schedule: ");
  folder_.put("text.txt", slurp(folder_ / "text.txt") + "one verse more.\n");
  const std::string log = slurp(run_folder() / "log.jsonl");
  EXPECT_CONTAINS(train(longer).err, "--allow-changes data.train.files");
  std::vector<std::string> allowed = longer;
  allowed.insert(allowed.end(), {"--allow-changes", "data.train.files"});
  EXPECT_EQ(train(allowed).status, 0);
  EXPECT_EQ(slurp(run_folder() / "log.jsonl"), log);
}

// Everything in [model] was ignored, and recipe.toml said it all the same.
TEST_F(TrainingSlow, AModelFromACheckpointOutsideItsRunIsThatModelOrRefused) {
  ASSERT_EQ(train().status, 0);
  const fs::path copy = folder_ / "copy";
  fs::copy(run_folder() / "checkpoints" / "step-00000006", copy, fs::copy_options::recursive);
  const auto next = [&](const std::string& name, std::vector<std::string> more) {
    more.insert(more.end(),
                {"--set", "name=" + name, "--set", "model.from=" + copy.string(), "--set", "train.steps=1"});
    return train(more);
  };
  const Outcome same = next("same", {});
  ASSERT_EQ(same.status, 0) << same.err;
  EXPECT_EQ(same.err.find("not the encoder of the training"), std::string::npos) << same.err;
  for (const char* other :
       {"model.latent.config.num_hidden_layers=3", "model.segmenter.max_bytes=10", "model.encoding=utf-16",
        "model.decoder.config.rope_theta=77", "model.latent.plugin=gpt2"}) {
    const Outcome refused = next("other", {"--set", other});
    EXPECT_EQ(refused.status, 1) << other;
    EXPECT_CONTAINS(refused.err, "part of the checkpoint of model.from");
  }
  const Outcome dropout = next("dropout", {"--set", "model.bytes_encoder.config.hidden_dropout_prob=0.3"});
  EXPECT_EQ(dropout.status, 0) << dropout.err;
  EXPECT_CONTAINS(dropout.err, "the trained weights are read with it");
  // A recipe that says nothing of the model gets all of it, and its run's recipe.toml says so.
  folder_.put("bare.toml", "run_dir = \"" + (folder_ / "runs").string() + "\"\n[model]\nfrom = \"" + copy.string() +
                               "\"\n[data.train]\nfiles = [\"" + (folder_ / "text.txt").string() +
                               "\"]\n[train]\nsteps = 1\nbatch = 2\nwords = 16\n");
  const Outcome bare = run_welt({"run", (folder_ / "bare.toml").string()});
  ASSERT_EQ(bare.status, 0) << bare.err;
  const std::string recipe = slurp(run_folder("bare") / "recipe.toml");
  EXPECT_CONTAINS(recipe, "max_bytes = 12");
  EXPECT_CONTAINS(recipe, "max_position_embeddings = 32");
  EXPECT_EQ(run_welt({"validate", (run_folder("bare") / "recipe.toml").string()}).status, 0);
}

// It was taken for the Python WeLT's without a word; where welt trained it, the file is missing.
TEST_F(TrainingSlow, ACheckpointWithoutWeltJsonIsToldOrRefused) {
  ASSERT_EQ(train().status, 0);
  const fs::path checkpoint = run_folder() / "checkpoints" / "step-00000006";
  fs::remove(checkpoint / "welt.json");
  for (const fs::path& path : {run_folder(), checkpoint}) {
    const Outcome refused = run_welt({"generate", path.string(), "--prompt", "and", "--words", "1"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_CONTAINS(refused.err, "welt.json: the file is missing");
  }
  fs::remove_all(checkpoint / "training");
  const Outcome python = run_welt({"generate", checkpoint.string(), "--prompt", "and", "--words", "1"});
  EXPECT_CONTAINS(python.err, "it has no welt.json, so it is taken for the Python WeLT's");
}

}  // namespace
}  // namespace welt::test
