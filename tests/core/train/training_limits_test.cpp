// What bounds a training: the time of what it measures, memory, patience, weights that cannot be trained; and options
// of a training given to other tasks.
#include <gtest/gtest.h>

#include <limits>

#include "core/base/stopwatch.h"
#include "core/train/best.h"
#include "core/train/html_report.h"
#include "core/train/memory.h"
#include "core/train/recipe_keys.h"
#include "core/train/resume.h"
#include "core/train/session.h"
#include "core/train/step_shares.h"
#include "core/train/tasks.h"
#include "core/train/training_state.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

constexpr const char* small_model = R"(
[model.bytes_encoder]
plugin = "bert"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, intermediate_size = 16 }
[model.latent]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16 }
[model.decoder]
plugin = "llama"
config = { hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2, intermediate_size = 16 }
)";

// Products of this size would take many times as long.
TEST(PeakProductRateSlow, IsMeasuredInAboutASecondHoweverSlowTheProcessorIs) {
  const auto start = Clock::now();
  EXPECT_GT(peak_product_rate(at::kDouble, 8192), 0);
  EXPECT_LT(seconds_since(start), 6);
}

TEST(Memory, LatentsThatTheDecoderReadsMoreOfAreCounted) {
  const auto activations = [](int context) {
    const Recipe recipe =
        parse_recipe(std::string(small_model), "memory.toml",
                     {"model.decoder_context=" + std::to_string(context), "train.batch=2", "train.words=16"});
    return memory_need(recipe, WeltSpec::from_recipe(recipe), 2).activations;
  };
  EXPECT_GT(activations(2), activations(1));
  EXPECT_GT(activations(4), activations(2));
}

TEST(Best, FiguresOfTwoMetricsAreNotCompared) {
  Best best;
  const BestOptions loss{.metric = "loss", .patience = 2}, accuracy{.metric = "byte_accuracy", .patience = 2};
  best.take(loss, {{"loss", 3.0}}, 10);
  best.take(loss, {{"loss", 3.5}}, 20);
  EXPECT_FALSE(best.begin_anew_for(loss));
  EXPECT_FALSE(best.begin_anew_for({})) << "none is asked for: what is known stays";
  EXPECT_EQ(best.step, 10);
  EXPECT_TRUE(best.begin_anew_for(accuracy));
  EXPECT_FALSE(best.value);
  EXPECT_EQ(best.waiting, 0);
  EXPECT_TRUE(best.take(accuracy, {{"byte_accuracy", 0.5}}, 30)) << "0.5 is no worse than a loss of 3";
  EXPECT_EQ(best.metric, "byte_accuracy");
}

TEST(Best, WhatIsNotFiniteIsNotTheBest) {
  Best best;
  const BestOptions perplexity{.metric = "perplexity", .patience = 2};
  EXPECT_FALSE(best.take(perplexity, {{"perplexity", std::numeric_limits<double>::infinity()}}, 10));
  EXPECT_TRUE(best.take(perplexity, {{"perplexity", 300.0}}, 20));
  EXPECT_FALSE(best.take(perplexity, {{"perplexity", std::numeric_limits<double>::quiet_NaN()}}, 30));
  EXPECT_EQ(best.step, 20);
}

TEST(TrainingState, RemembersWhoseValueTheBestIs) {
  const test::TempFolder folder;
  std::filesystem::create_directory(folder / "training");
  TrainingState state;
  state.best.take({.metric = "loss"}, {{"loss", 3.0}}, 10);
  state.save(folder.path());
  EXPECT_EQ(TrainingState::load(folder.path()).best.metric, "loss");
}

TEST(TrainingState, TheKeyThatEndedARunIsNamed) {
  const Recipe recipe = parse_recipe("[train]\nsteps = 10\nminutes = 1\n", "ends.toml");
  TrainingState state;
  EXPECT_EQ(ended_by(recipe, state), "");
  state.seconds = 60;
  EXPECT_EQ(ended_by(recipe, state), "train.minutes");
  state.stopped_early = true;
  EXPECT_EQ(ended_by(recipe, state), "train.patience");
  state.step = 10;
  EXPECT_EQ(ended_by(recipe, state), "train.steps");
}

TEST(PackedWeights, AreNotTrained) {
  const Recipe recipe = parse_recipe(
      "[model]\nkind = \"byte_lm\"\n[model.decoder]\nplugin = \"matmul_free\"\nconfig = { hidden_size = 32, "
      "num_hidden_layers = 1, intermediate_size = 32, packed_weights = true }\n",
      "packed.toml");
  EXPECT_CONTAINS(test::error_of([&] { check_model(recipe, SessionUse::train); }), "cannot be trained");
}

TEST(Tasks, OptionsOfATrainingAreRefusedByOthers) {
  const Recipe recipe = parse_recipe("task = \"evaluate\"\n", "evaluate.toml");
  EXPECT_CONTAINS(test::error_of([&] { run_task(recipe, {.resume = true}); }), "--resume with task = \"evaluate\"");
  EXPECT_CONTAINS(test::error_of([&] { run_task(recipe, {.profile = 2}); }), "--profile with task = \"evaluate\"");
}

TEST(HtmlReport, ALossThatIsNoNatsIsNotDrawnBesideNats) {
  RunLog log;
  log.training["loss"] = {{1, 0.99}, {2, 0.9}};
  log.evaluation["loss"] = {{0, 5.5}, {2, 5.1}};
  EXPECT_CONTAINS(html_report(log, {}), "Loss, nats per label byte");
  log.objective = "mse";
  const std::string page = html_report(log, {});
  EXPECT_EQ(page.find("Loss, nats per label byte"), std::string::npos);
  EXPECT_CONTAINS(page, "Loss of training, mse per label byte");
  EXPECT_CONTAINS(page, "Loss of held-out text, nats per label byte");
}

}  // namespace
}  // namespace welt
