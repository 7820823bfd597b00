// What becomes of a run afterwards: resumed when finished, with other text, with damage; starts that fail.
#include "tests/apps/training.h"

namespace welt::test {
namespace {

using ResumeSlow = Training;

// It wrote a loss of 0 into the summary, and its last lines again.
TEST_F(ResumeSlow, AFinishedRunIsLeftAsItIs) {
  ASSERT_EQ(train().status, 0);
  const std::string summary = slurp(run_folder() / "summary.json"), log = slurp(run_folder() / "log.jsonl");
  const Outcome again = train({"--resume"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_CONTAINS(again.out, "is finished: step 6 of 6");
  EXPECT_EQ(slurp(run_folder() / "summary.json"), summary);
  EXPECT_EQ(slurp(run_folder() / "log.jsonl"), log);
}

TEST_F(ResumeSlow, FiguresAreThoseOfTheWholeRun) {
  ASSERT_EQ(train({"--set", "train.checkpoint_every=2"}).status, 0);
  const Json unbroken = Json::parse(slurp(run_folder() / "summary.json"));
  for (const char* later : {"step-00000004", "step-00000006"}) fs::remove_all(run_folder() / "checkpoints" / later);
  fs::remove(run_folder() / "summary.json");
  ASSERT_EQ(train({"--set", "train.checkpoint_every=2", "--resume"}).status, 0);
  const Json resumed = Json::parse(slurp(run_folder() / "summary.json"));
  EXPECT_EQ(resumed.at("loss"), unbroken.at("loss"));
  EXPECT_EQ(resumed.at("after"), unbroken.at("after"));
  const Json state = Json::parse(slurp(run_folder() / "checkpoints" / "step-00000006" / "training" / "state.json"));
  EXPECT_GT(state.at("words").get<int>(), 4 * 16) << "words of the first steps are counted too";
}

// Other losses came out, without a word.
TEST_F(ResumeSlow, ATextThatChangedIsRefusedUnlessItIsAllowed) {
  ASSERT_EQ(train({"--set", "train.schedule=constant"}).status, 0);
  std::string text = slurp(folder_ / "text.txt");
  folder_.put("text.txt", text + "one verse more.\n");
  const std::vector<std::string> longer{"--resume", "--set", "train.schedule=constant", "--set", "train.steps=8"};
  const Outcome refused = train(longer);
  EXPECT_EQ(refused.status, 1);
  EXPECT_CONTAINS(refused.err, "data.train.files: ");
  EXPECT_CONTAINS(refused.err, "--allow-changes data.train.files");
  EXPECT_EQ(losses().size(), 6U);
  std::vector<std::string> allowed = longer;
  allowed.insert(allowed.end(), {"--allow-changes", "data.train.files"});
  EXPECT_EQ(train(allowed).status, 0);
  EXPECT_EQ(losses().size(), 8U);
  // An evaluation says so and goes on.
  folder_.put("text.txt", text);
  const Outcome evaluation = run_welt({"evaluate", run_folder().string()});
  EXPECT_EQ(evaluation.status, 0);
  EXPECT_CONTAINS(evaluation.err, "data.train.files is not what");
  allowed.back() = "data.train.file";
  EXPECT_CONTAINS(train(allowed).err, "Did you mean data.train.files?");
}

TEST_F(ResumeSlow, AHeldOutTextThatChangedIsRefusedToo) {
  folder_.put("held.txt", "and he said, let there be words.\n");
  const std::vector<std::string> settings{
      "--set", "data.validation.files=[\"" + (folder_ / "held.txt").string() + "\"]",
      "--set", "data.validation.format=lines",
      "--set", "train.schedule=constant"};
  ASSERT_EQ(train(settings).status, 0);
  folder_.put("held.txt", "and he said, let there be other words.\n");
  std::vector<std::string> longer = settings;
  longer.insert(longer.end(), {"--resume", "--set", "train.steps=8"});
  const Outcome refused = train(longer);
  EXPECT_EQ(refused.status, 1);
  EXPECT_CONTAINS(refused.err, "--allow-changes data.validation.files");
}

// A warning was all, and the next checkpoint had the new fingerprint, as if nothing had been.
TEST_F(ResumeSlow, OtherDictionariesOrAnotherTokenizerAreRefusedUnlessTheyAreAllowed) {
  ASSERT_EQ(train({"--set", "train.schedule=constant"}).status, 0);
  const fs::path file = run_folder() / "checkpoints" / "step-00000006" / "welt.json";
  Json json = Json::parse(slurp(file));
  json["segmenter"]["fingerprint"] = "another";
  std::ofstream(file) << json.dump();
  std::vector<std::string> longer{"--resume", "--set", "train.schedule=constant", "--set", "train.steps=8"};
  const Outcome refused = train(longer);
  EXPECT_EQ(refused.status, 1);
  EXPECT_CONTAINS(refused.err, "model.segmenter: words of another then");
  std::vector<std::string> plan = longer;
  plan.push_back("--dry-run");
  EXPECT_CONTAINS(train(plan).err, "model.segmenter: words of another then");
  longer.insert(longer.end(), {"--allow-changes", "model.segmenter"});
  EXPECT_EQ(train(longer).status, 0);
}

TEST_F(ResumeSlow, APluginOfOtherBytesIsRefused) {
  ASSERT_EQ(train({"--set", "train.schedule=constant"}).status, 0);
  const fs::path file = run_folder() / "inputs.json";
  Json inputs = Json::parse(slurp(file));
  ASSERT_TRUE(inputs.at("plugins").contains("words"));
  inputs["plugins"]["words"]["sha256"] = std::string(64, '0');
  std::ofstream(file) << inputs.dump();
  const Outcome refused = train({"--resume", "--set", "train.schedule=constant", "--set", "train.steps=8"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_CONTAINS(refused.err, "plugins.words: version ");
}

// Versions and `from` were written down, and compared with nothing.
TEST_F(ResumeSlow, ARunSaysWhatElseIsNotAsItWas) {
  ASSERT_EQ(train({"--set", "train.schedule=constant"}).status, 0);
  const fs::path file = run_folder() / "inputs.json";
  Json inputs = Json::parse(slurp(file));
  ASSERT_TRUE(inputs.at("versions").contains("libtorch"));
  inputs["versions"]["welt"] = "0.0.1";
  inputs["from"]["model.latent.from"] = {{{"path", "weights/config.json"}, {"bytes", 10}, {"modified", 1}}};
  std::ofstream(file) << inputs.dump();
  const Outcome evaluation = run_welt({"evaluate", run_folder().string()});
  EXPECT_EQ(evaluation.status, 0) << evaluation.err;
  const Outcome resumed = train({"--resume", "--set", "train.schedule=constant", "--set", "train.steps=8"});
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  for (const std::string& err : {evaluation.err, resumed.err}) {
    EXPECT_CONTAINS(err, "the version of welt");
    EXPECT_CONTAINS(err, "\"0.0.1\" then");
    EXPECT_CONTAINS(err, "model.latent.from");
  }
  EXPECT_EQ(Json::parse(slurp(file)).at("from"), inputs.at("from")) << "what the run started from is kept";
}

// It stopped the whole run, although the checkpoint before was whole.
TEST_F(ResumeSlow, ADamagedNewestCheckpointIsPutAsideForTheOneBefore) {
  ASSERT_EQ(train({"--set", "train.checkpoint_every=3"}).status, 0);
  const std::map<int, double> unbroken = losses();
  const fs::path newest = run_folder() / "checkpoints" / "step-00000006";
  const std::uintmax_t size = fs::file_size(newest / "model.safetensors");
  fs::resize_file(newest / "model.safetensors", size / 2);
  const Outcome run = train({"--resume", "--set", "train.checkpoint_every=3"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_CONTAINS(run.err, "damaged-step-00000006");
  EXPECT_CONTAINS(run.err, "going on from");
  EXPECT_EQ(losses(), unbroken);
  EXPECT_EQ(fs::file_size(newest / "model.safetensors"), size);
  EXPECT_TRUE(fs::exists(run_folder() / "checkpoints" / "damaged-step-00000006"));
}

// It went on with words of 30 bytes and the segmenter of the Python reference, and saved that.
TEST_F(ResumeSlow, ACheckpointWithoutWeltJsonIsDamaged) {
  ASSERT_EQ(train().status, 0);
  fs::remove(run_folder() / "checkpoints" / "step-00000006" / "welt.json");
  const Outcome run = train({"--resume"});
  EXPECT_EQ(run.status, 1);
  EXPECT_CONTAINS(run.err, "welt.json: the file is missing");
}

// It went on from the one before, said nothing, and ended with a checkpoint that has no config.json.
TEST_F(ResumeSlow, ACheckpointWithoutOrWithAnEmptyConfigurationIsPutAside) {
  ASSERT_EQ(train({"--set", "train.checkpoint_every=3"}).status, 0);
  const fs::path newest = run_folder() / "checkpoints" / "step-00000006";
  for (const bool removed : {true, false}) {
    if (removed)
      fs::remove(newest / "config.json");
    else
      std::ofstream(newest / "config.json", std::ios::trunc).close();
    const Outcome evaluation = run_welt({"evaluate", run_folder().string()});
    EXPECT_EQ(evaluation.status, 0) << evaluation.err;
    EXPECT_CONTAINS(evaluation.err, (newest / "config.json").string());
    EXPECT_CONTAINS(evaluation.err, "step-00000003, of before, is taken");
    const Outcome run = train({"--resume", "--set", "train.checkpoint_every=3"});
    EXPECT_EQ(run.status, 0) << run.err;
    EXPECT_CONTAINS(run.err, "damaged-step-00000006");
    EXPECT_GT(fs::file_size(newest / "config.json"), 0U);
  }
}

TEST_F(ResumeSlow, ANumberThatIsNotFiniteInTheOptimizersFileIsRefused) {
  ASSERT_EQ(train({"--set", "train.schedule=constant"}).status, 0);
  const fs::path file = run_folder() / "checkpoints" / "step-00000006" / "training" / "optimizer.safetensors";
  const std::uintmax_t size = fs::file_size(file);
  {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(size / 2 / 4 * 4));
    const std::string nans("\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f", 12);
    out << nans;
  }
  const Outcome run = train({"--resume", "--set", "train.schedule=constant", "--set", "train.steps=8"});
  EXPECT_EQ(run.status, 1);
  EXPECT_CONTAINS(run.err, "values that are not finite");
}

TEST_F(ResumeSlow, AStartThatFailsLeavesNoRunFolder) {
  std::string prompt;
  for (int i = 0; i < 40; ++i) prompt += "a ";
  const Outcome run = train({"--set", "samples.prompts=[\"" + prompt + "\"]", "--set", "model.latent.plugin=gpt2",
                             "--set", "model.latent.config={n_embd=16, n_layer=1, n_head=2, n_positions=32}"});
  EXPECT_EQ(run.status, 1);
  EXPECT_CONTAINS(run.err, "samples.prompts");
  EXPECT_CONTAINS(run.err, "at most 32");
  EXPECT_FALSE(fs::exists(run_folder()));
}

TEST_F(ResumeSlow, ASecondRunOfANameSaysWhereItIs) {
  ASSERT_EQ(train().status, 0);
  EXPECT_CONTAINS(train().err, "this run is " + run_folder("tiny-2").string());
}

TEST_F(ResumeSlow, ADryRunOfAnEvaluationEvaluatesNothing) {
  ASSERT_EQ(train().status, 0);
  const std::vector<std::string> evaluate{"--set", "task=evaluate", "--set", "model.from=" + run_folder().string()};
  std::vector<std::string> dry = evaluate;
  dry.push_back("--dry-run");
  const Outcome plan = train(dry);
  EXPECT_EQ(plan.status, 0) << plan.err;
  EXPECT_CONTAINS(plan.out, "nothing is run");
  EXPECT_EQ(plan.out.find("bits per byte"), std::string::npos);
  std::vector<std::string> resume = evaluate;
  resume.push_back("--resume");
  EXPECT_CONTAINS(train(resume).err, "--resume with task");
  std::vector<std::string> textless{"validate", (folder_ / "recipe.toml").string()};
  textless.insert(textless.end(), evaluate.begin(), evaluate.end());
  textless.insert(textless.end(), {"--set", "data.validation.fraction=0"});
  EXPECT_CONTAINS(run_welt(textless).err, "the recipe names no held-out text");
}

// The figures that are only of the whole held-out text asked for one row more than there are; where a part of it was
// evaluated, nobody said so, and the plan told another number of rows than were evaluated.
TEST_F(ResumeSlow, AsManyEvaluationRowsAsThereAreAreAllOfThem) {
  ASSERT_EQ(train().status, 0);
  const Outcome plan = train({"--set", "task=evaluate", "--set", "model.from=" + run_folder().string(), "--set",
                              "train.eval_rows=0", "--dry-run"});
  const std::size_t at = plan.out.find(" bytes; ");
  ASSERT_NE(at, std::string::npos) << plan.out << plan.err;
  const int all = std::stoi(plan.out.substr(at + 8));
  ASSERT_GT(all, 1);
  for (const int rows : {all - 1, all}) {
    const std::string name = "rows-" + std::to_string(rows);
    std::vector<std::string> of_rows{"--set",         "name=" + name, "--set",
                                     "train.steps=1", "--set",        "train.eval_rows=" + std::to_string(rows)};
    const Outcome outcome = train(of_rows);
    ASSERT_EQ(outcome.status, 0);
    const Json summary = Json::parse(slurp(run_folder(name) / "summary.json"));
    EXPECT_EQ(summary.contains("baseline"), rows == all) << rows;
    EXPECT_EQ(summary.contains("no_baseline"), rows != all) << rows;
    EXPECT_EQ(outcome.out.find("Not compared with byte unigram") != std::string::npos, rows != all) << outcome.out;
    of_rows.push_back("--dry-run");
    const Outcome planned = train(of_rows);
    EXPECT_CONTAINS(planned.out, "; " + std::to_string(rows) + " rows are evaluated");
    EXPECT_EQ(planned.out.find("not all of it") != std::string::npos, rows != all) << planned.out;
  }
}

// "--prompt= --json" continued the text "--json".
TEST_F(ResumeSlow, AnEmptyPromptIsNotTheNextOption) {
  ASSERT_EQ(train().status, 0);
  const Outcome outcome = run_welt({"generate", run_folder().string(), "--prompt=", "--json", "--words", "2"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out).at("prompt"), "");
}

TEST_F(ResumeSlow, AModelThatCannotFitIsRefusedBeforeItIsMade) {
  const std::vector<std::string> huge{"--set", "model.latent.config.num_hidden_layers=1000",
                                      "--set", "model.latent.config.hidden_size=65536",
                                      "--set", "model.latent.config.intermediate_size=262144"};
  std::vector<std::string> validate{"validate", (folder_ / "recipe.toml").string()}, dry = huge;
  validate.insert(validate.end(), huge.begin(), huge.end());
  dry.push_back("--dry-run");
  for (const Outcome& outcome : {run_welt(validate), train(huge), train(dry)}) {
    EXPECT_EQ(outcome.status, 1);
    EXPECT_CONTAINS(outcome.err, "GB of memory at least");
    EXPECT_CONTAINS(outcome.err, "latent_transformer");
  }
  EXPECT_FALSE(fs::exists(run_folder()));
}

// Only a model of the recipe's own was asked about.
TEST_F(ResumeSlow, ABatchThatCannotFitIsRefusedForAModelFromARunToo) {
  ASSERT_EQ(train().status, 0);
  const Outcome outcome = train({"--set", "name=next", "--set", "model.from=" + run_folder().string(), "--set",
                                 "train.batch=1000000", "--set", "train.words=1000"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_CONTAINS(outcome.err, "GB of memory at least");
  EXPECT_CONTAINS(outcome.err, "Lower train.batch");
}

TEST_F(ResumeSlow, ReducedPrecisionIsCheckedTrainedAndResumed) {
  const std::vector<std::string> bf16{"--set", "precision=bf16", "--set", "train.schedule=constant"};
  std::vector<std::string> validate{"validate", (folder_ / "recipe.toml").string()}, more = bf16;
  validate.insert(validate.end(), bf16.begin(), bf16.end());
  const Outcome checked = run_welt(validate), trained = train(bf16);
  EXPECT_EQ(checked.status, 0) << checked.err;
  ASSERT_EQ(trained.status, 0) << trained.err;
  more.insert(more.end(), {"--resume", "--set", "train.steps=8"});
  const Outcome resumed = train(more);
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(losses().size(), 8U);
  EXPECT_EQ(run_welt({"checkpoint", "inspect", run_folder().string(), "--check"}).status, 0);
}

// The trained encoder was replaced by random weights, for a rate of dropout.
TEST_F(ResumeSlow, AModelFromARunIsThatModelWhateverTheRecipeLeavesOut) {
  ASSERT_EQ(train().status, 0);
  folder_.put("next.toml", "name = \"next\"\nrun_dir = \"" + (folder_ / "runs").string() + "\"\n[model]\nfrom = \"" +
                               run_folder().string() + "\"\n[data.train]\nfiles = [\"" +
                               (folder_ / "text.txt").string() + "\"]\nformat = \"lines\"\n" +
                               "[data.validation]\nfraction = 0.1\n[train]\nsteps = 1\nbatch = 2\nwords = 16\n");
  const auto next = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"run", (folder_ / "next.toml").string()});
    return run_welt(more);
  };
  const double trained = Json::parse(slurp(run_folder() / "summary.json")).at("after").at("loss");
  const auto start = [&](const std::string& name) {
    return Json::parse(slurp(run_folder(name) / "summary.json")).at("before").at("loss").get<double>();
  };
  const Outcome plain = next({});
  ASSERT_EQ(plain.status, 0) << plain.err;
  EXPECT_CONTAINS(plain.err, "model.from: the newest checkpoint of " + run_folder().string() + " is ");
  const Json started_from = Json::parse(slurp(run_folder("next") / "inputs.json")).at("from").at("model.from");
  EXPECT_CONTAINS(started_from.at(0).at("path").get<std::string>(), (run_folder() / "checkpoints").string());
  EXPECT_NEAR(start("next"), trained, 1e-6);
  EXPECT_CONTAINS(slurp(run_folder("next") / "recipe.toml"), "max_bytes = 12");
  const Outcome dropout =
      next({"--set", "name=dropout", "--set", "model.bytes_encoder.config.hidden_dropout_prob=0.3"});
  ASSERT_EQ(dropout.status, 0) << dropout.err;
  EXPECT_CONTAINS(dropout.err, "the trained weights are read with it");
  EXPECT_NEAR(start("dropout"), trained, 1e-6);
  EXPECT_CONTAINS(slurp(run_folder("dropout") / "warnings.log"), "model.bytes_encoder.config");
  const Outcome latent = next({"--set", "name=latent", "--set", "model.latent.config.hidden_size=32"});
  EXPECT_EQ(latent.status, 1);
  EXPECT_CONTAINS(latent.err, "model.latent: it is part of the checkpoint");
  EXPECT_EQ(next({"--set", "name=words", "--set", "model.segmenter.max_bytes=10"}).status, 1);
  // `validate` looked at the checkpoint alone, and passed what the run then refused.
  const auto validate = [&](const std::string& setting) {
    return run_welt({"validate", (folder_ / "next.toml").string(), "--set", setting});
  };
  EXPECT_EQ(validate("name=next").status, 0);
  EXPECT_CONTAINS(validate("model.bytes_encoder.config.hidden_dropout_prob=0.3").err, "the trained weights are read");
  EXPECT_CONTAINS(validate("model.latent.config.hidden_size=32").err, "model.latent: it is part of the checkpoint");
  for (const char* setting : {"model.segmenter.max_bytes=10", "model.decoder.config.rope_theta=77",
                              "model.encoding=utf-16", "model.bytes_encoder.config.hidden_size=8"})
    EXPECT_EQ(validate(setting).status, 1) << setting;
}

TEST_F(ResumeSlow, APresetOfAnotherPluginIsRefusedAndOneOfTheSameStays) {
  const std::string file = (folder_ / "preset.toml").string();
  folder_.put("preset.toml", "extends = \"recipe.toml\"\n[model.latent]\npreset = \"tiny-lm\"\n");
  EXPECT_EQ(run_welt({"validate", file}).status, 0);
  EXPECT_EQ(run_welt({"validate", file, "--set", "model.latent.plugin=llama"}).status, 0);
  const Outcome other = run_welt({"validate", file, "--set", "model.latent.plugin=gpt2"});
  EXPECT_EQ(other.status, 1);
  EXPECT_CONTAINS(other.err, "tiny-lm");
}

}  // namespace
}  // namespace welt::test
