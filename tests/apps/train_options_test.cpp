// Training with the options beside AdamW and a cosine, as a user runs it: they resume exactly, stop early, show
// themselves.
#include "core/base/safetensors.h"
#include "tests/apps/training.h"

namespace welt::test {
namespace {

using TrainOptionsSlow = Training;

TEST_F(TrainOptionsSlow, EveryOptimizerResumesWithTheLossesOfAnUnbrokenRun) {
  for (const char* optimizer : {"lion", "muon", "dion", "dion2", "adafactor"}) {
    std::vector<std::string> set =
        settings({std::string("name=") + optimizer, std::string("train.optimizer=") + optimizer,
                  "train.learning_rate=0.003", "train.optimizer_state=bf16", "train.ema=0.9", "train.freeze_steps=2",
                  "train.unfreeze_steps=4", "train.schedule=wsd", "train.decay_steps=3", "train.clip_by=part",
                  "train.eval_every=2", "train.best_metric=loss", "train.steps=9", "train.checkpoint_every=3"});
    const Outcome whole = train(set);
    ASSERT_EQ(whole.status, 0) << optimizer << whole.err;
    const std::map<int, double> unbroken = losses(optimizer);
    const Json after = Json::parse(slurp(run_folder(optimizer) / "summary.json")).at("after");
    for (const char* later : {"step-00000006", "step-00000009"})
      fs::remove_all(run_folder(optimizer) / "checkpoints" / later);
    fs::remove(run_folder(optimizer) / "summary.json");
    set.push_back("--resume");
    const Outcome resumed = train(set);
    ASSERT_EQ(resumed.status, 0) << optimizer << resumed.err;
    EXPECT_EQ(losses(optimizer), unbroken) << optimizer;
    EXPECT_EQ(Json::parse(slurp(run_folder(optimizer) / "summary.json")).at("after"), after) << optimizer;
    const std::string averaged = (run_folder(optimizer) / "checkpoints" / "step-00000009" / "averaged").string();
    EXPECT_EQ(run_welt({"generate", averaged, "--prompt", "and ", "--words", "1"}).status, 0);
  }
}

TEST_F(TrainOptionsSlow, ADecoderThatReadsTwoLatentsTrainsAndIsKept) {
  const std::vector<std::string> two = settings({"model.decoder_context=2", "train.steps=40", "name=two"}),
                                 one = settings({"model.decoder_context=1", "train.steps=40", "name=one"});
  ASSERT_EQ(train(two).status, 0);
  ASSERT_EQ(train(one).status, 0);
  ASSERT_EQ(train(settings({"train.steps=40", "name=as-before"})).status, 0);
  EXPECT_EQ(losses("one"), losses("as-before"));
  EXPECT_NE(losses("two"), losses("one"));
  EXPECT_LT(losses("two").at(40), 0.9 * losses("two").at(1));
  const auto kept = [&](const std::string& name) {
    return Json::parse(slurp(run_folder(name) / "checkpoints" / "step-00000040" / "welt.json"));
  };
  EXPECT_EQ(kept("two").at("decoder_context"), 2);
  EXPECT_FALSE(kept("one").contains("decoder_context"));
  EXPECT_EQ(run_welt({"evaluate", run_folder("two").string()}).status, 0);
  EXPECT_EQ(run_welt({"generate", run_folder("two").string(), "--prompt", "verse ", "--words", "2"}).status, 0);
  const Outcome other = run_welt({"evaluate", run_folder("two").string(), "--set", "model.decoder_context=1"});
  EXPECT_NE(other.status, 0);
  EXPECT_CONTAINS(other.err, "model.decoder_context");
}

TEST_F(TrainOptionsSlow, FurtherAndMaskedWordsAreLearntBesideTheNextOne) {
  std::vector<std::string> set = settings({"model.further_words=2", "train.mask_words=0.2", "train.steps=40",
                                           "train.learning_rate=0.003", "train.checkpoint_every=20", "name=heads"});
  const auto auxiliary = [&](const char* figure) {
    std::map<int, double> found;
    std::ifstream in(run_folder("heads") / "log.jsonl");
    for (std::string line; std::getline(in, line);)
      if (const Json json = Json::parse(line); json.contains(figure)) {
        EXPECT_EQ(json.at("kind"), "train") << "evaluations know nothing of it";
        found[json.at("step")] = json.at(figure);
      }
    return found;
  };
  const Outcome whole = train(set);
  ASSERT_EQ(whole.status, 0) << whole.err;
  const std::map<int, double> unbroken = losses("heads"), further = auxiliary("further_loss"),
                              masked = auxiliary("masked_loss");
  ASSERT_EQ(further.size(), 40u);
  EXPECT_LT(further.at(40), 0.9 * further.at(1));
  EXPECT_LT(masked.rbegin()->second, 0.9 * masked.begin()->second);

  fs::remove_all(run_folder("heads") / "checkpoints" / "step-00000040");
  fs::remove(run_folder("heads") / "summary.json");
  set.push_back("--resume");
  const Outcome resumed = train(set);
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(losses("heads"), unbroken);
  EXPECT_EQ(auxiliary("further_loss"), further);
  EXPECT_EQ(auxiliary("masked_loss"), masked);

  const std::string run = run_folder("heads").string();
  EXPECT_EQ(run_welt({"evaluate", run}).status, 0);
  EXPECT_EQ(run_welt({"generate", run, "--prompt", "verse ", "--words", "2"}).status, 0);
  EXPECT_EQ(run_welt({"model", "info", run}).status, 0);
  EXPECT_EQ(run_welt({"checkpoint", "inspect", run, "--check"}).status, 0);
  const std::string exported = (folder_ / "exported").string();
  const Outcome told = run_welt({"checkpoint", "export", run, exported});
  EXPECT_EQ(told.status, 0) << told.err;
  EXPECT_CONTAINS(told.out + told.err, "only training reads");
  EXPECT_EQ(run_welt({"generate", exported, "--prompt", "verse ", "--words", "2"}).status, 0);

  // Masking wants a vector that the model has, or a model of its own.
  ASSERT_EQ(train(settings({"name=plain"})).status, 0);
  const std::string plain = run_folder("plain").string();
  const std::vector<std::string> from =
      settings({"name=more", "model.from=" + plain, "train.mask_words=0.2", "train.steps=2"});
  const Outcome refused = train(from);
  EXPECT_EQ(refused.status, 1);
  EXPECT_CONTAINS(refused.err, "train.mask_words");
  EXPECT_EQ(train(settings({"name=more", "model.init_from=" + plain, "model.init_strict=false", "train.mask_words=0.2",
                            "train.steps=2"}))
                .status,
            0);
}

TEST_F(TrainOptionsSlow, HeadsThatAreOffChangeNoLoss) {
  ASSERT_EQ(train(settings({"name=before"})).status, 0);
  ASSERT_EQ(train(settings({"name=off", "model.further_words=0", "train.mask_words=0.0"})).status, 0);
  EXPECT_EQ(losses("off"), losses("before"));
}

TEST_F(TrainOptionsSlow, WhatIsFrozenStaysAsItWas) {
  ASSERT_EQ(train(settings({"train.latent.frozen=true", "train.checkpoint_every=1"})).status, 0);
  const auto values = [&](const char* step, const std::string& name) {
    const SafetensorsFile file = SafetensorsFile::open(run_folder() / "checkpoints" / step / "model.safetensors");
    const SafetensorsEntry* entry = file.find(name);
    if (!entry) return std::string();
    return std::string(reinterpret_cast<const char*>(entry->data.data()), entry->data.size());
  };
  const std::string latent = "latent_transformer.model.layers.0.self_attn.q_proj.weight",
                    decoder = "bytes_decoder.model.layers.0.self_attn.q_proj.weight";
  ASSERT_FALSE(values("step-00000001", latent).empty());
  EXPECT_EQ(values("step-00000001", latent), values("step-00000006", latent));
  EXPECT_NE(values("step-00000001", decoder), values("step-00000006", decoder));
}

// Before, only the command line chose them; what a run's samples multiply with, its texts do, too.
TEST_F(TrainOptionsSlow, WeightsOfGenerationAreTheRecipes) {
  const std::vector<std::string> set = settings({"generate.weights=int8", "samples.prompts=[\"verse \"]"});
  const Outcome off = train(set, "WELT_KERNELS=off");
  EXPECT_EQ(off.status, 1) << off.out;
  EXPECT_CONTAINS(off.err, "generate.weights");
  EXPECT_CONTAINS(off.err, "auto");
  EXPECT_FALSE(fs::exists(run_folder())) << "it is told before the first step";
  const Outcome run = train(set);
  ASSERT_EQ(run.status, 0) << run.err;
  const auto generate = [&](const std::string& environment, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"generate", run_folder().string(), "--prompt", "verse ", "--words", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_welt(arguments, environment);
  };
  EXPECT_EQ(generate("").status, 0);
  EXPECT_EQ(generate("WELT_KERNELS=off").status, 1);
  EXPECT_EQ(generate("WELT_KERNELS=off", {"--weights", "auto"}).status, 0);
}

// With a rate of 0 nothing gets better: the evaluations after the first one are waited for, then it ends.
TEST_F(TrainOptionsSlow, ARunThatGetsNoBetterEndsAndKeepsItsBest) {
  const std::vector<std::string> set = settings({"train.learning_rate=0", "train.steps=50", "train.eval_every=2",
                                                 "train.best_metric=bits_per_byte", "train.patience=3"});
  const Outcome run = train(set);
  ASSERT_EQ(run.status, 0) << run.err;
  const Json summary = Json::parse(slurp(run_folder() / "summary.json"));
  EXPECT_EQ(summary.at("last_step"), 8);
  EXPECT_EQ(summary.at("stopped_early"), true);
  EXPECT_EQ(summary.at("ended_by"), "train.patience");
  EXPECT_CONTAINS(run.out, "Stopped by train.patience = 3 before step 50");
  EXPECT_EQ(run.out.find("train.minutes"), std::string::npos) << run.out;
  EXPECT_EQ(summary.at("best").at("step"), 2);
  const std::string log = slurp(run_folder() / "log.jsonl");
  std::istringstream lines(log);
  int at_the_end = 0;
  for (std::string line; std::getline(lines, line);) {
    const Json entry = Json::parse(line);
    if (entry.at("kind") == "evaluation" && entry.at("step") == 8) ++at_the_end;
  }
  EXPECT_EQ(at_the_end, 1) << log;
  EXPECT_EQ(run_welt({"evaluate", (run_folder() / "best" / "step-00000002").string()}).status, 0);
  EXPECT_CONTAINS(run_welt({"runs", "show", run_folder().string()}).out, "stopped early");
}

TEST_F(TrainOptionsSlow, ABestMetricThatCannotBeIsRefusedBeforeTraining) {
  const Outcome unknown = train(settings({"train.best_metric=bit_per_byte", "train.eval_every=2"}));
  EXPECT_NE(unknown.status, 0);
  EXPECT_CONTAINS(unknown.err, "bits_per_byte");
  const Outcome never = train(settings({"train.best_metric=loss"}));
  EXPECT_EQ(never.status, 1);
  EXPECT_CONTAINS(never.err, "train.eval_every");
  EXPECT_FALSE(fs::exists(run_folder()));
}

TEST_F(TrainOptionsSlow, RunsAreListedShownAndCompared) {
  ASSERT_EQ(train(settings({"name=a", "train.eval_every=3"})).status, 0);
  ASSERT_EQ(train(settings({"name=b", "train.schedule=linear"})).status, 0);
  EXPECT_FALSE(fs::is_empty(run_folder("a") / "tensorboard"));
  EXPECT_CONTAINS(slurp(run_folder("a") / "report.html"), "Gradient norm of each part");
  const Outcome list = run_welt({"runs", "list", (folder_ / "runs").string()});
  ASSERT_EQ(list.status, 0) << list.err;
  EXPECT_CONTAINS(list.out, "6/6");
  EXPECT_CONTAINS(run_welt({"runs", "show", run_folder("a").string()}).out, "step 3");
  EXPECT_CONTAINS(run_welt({"runs", "show", run_folder("a").string(), "--csv"}).out, "gradient_norms/latent");
  const std::string page = (folder_ / "compare.html").string();
  const Outcome compare =
      run_welt({"runs", "compare", run_folder("a").string(), run_folder("b").string(), "--html", page});
  ASSERT_EQ(compare.status, 0) << compare.err;
  EXPECT_CONTAINS(compare.out, "train.schedule");
  EXPECT_CONTAINS(slurp(page), "Training loss");
  EXPECT_EQ(run_welt({"runs", "show", folder_.path().string()}).status, 1);
}

}  // namespace
}  // namespace welt::test
