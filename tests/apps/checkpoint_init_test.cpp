// `welt checkpoint init` as a user runs it: the model that a run begins with, without its text.
#include <gtest/gtest.h>

#include "core/base/safetensors.h"
#include "tests/apps/training.h"

namespace welt::test {
namespace {

class CheckpointInitSlow : public Training {
 protected:
  fs::path out(const std::string& name = "out") const { return folder_ / name; }
  Outcome init(std::vector<std::string> more = {}, const std::string& name = "out") const {
    more.insert(more.begin(), {"checkpoint", "init", (folder_ / "recipe.toml").string(), out(name).string()});
    return run_welt(more);
  }
  Outcome diff(const fs::path& a, const fs::path& b) const {
    return run_welt({"checkpoint", "diff", a.string(), b.string()});
  }
};

TEST_F(CheckpointInitSlow, IsWhatARunOfThatSeedBeginsWith) {
  const Outcome trained = train(settings({"train.steps=0", "train.warmup_steps=0", "seed=7"}));
  ASSERT_EQ(trained.status, 0) << trained.err;
  fs::remove(folder_ / "text.txt");  // it is not read
  const Outcome made = init({"--seed", "7"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_CONTAINS(made.out, "parameters in float32");
  const Outcome same = diff(out(), run_folder());
  EXPECT_EQ(same.status, 0) << same.out;
  ASSERT_EQ(init({}, "other").status, 0);
  EXPECT_EQ(diff(out(), out("other")).status, 1) << "another seed, the same weights";
}

TEST_F(CheckpointInitSlow, BFloat16IsWhatARunInItBeginsWith) {
  const Outcome trained = train(settings({"train.steps=0", "train.warmup_steps=0", "precision=bf16"}));
  ASSERT_EQ(trained.status, 0) << trained.err;
  const Outcome made = init({"--dtype", "bfloat16"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_CONTAINS(made.out, "parameters in bfloat16");
  EXPECT_EQ(Json::parse(slurp(out() / "config.json")).at("dtype"), "bfloat16");
  const auto file = SafetensorsFile::open(out() / "model.safetensors");
  for (const SafetensorsEntry& entry : file.entries())
    EXPECT_EQ(entry.dtype, "BF16") << entry.name;
  const Outcome same = diff(out(), run_folder());
  EXPECT_EQ(same.status, 0) << same.out;
}

TEST_F(CheckpointInitSlow, IsWrittenWithMeasuredAndTrainedFrom) {
  const Outcome preset = run_welt({"checkpoint", "init", "presets/nano.toml", out("nano").string(), "--set",
                                   "model.image_encoder.enabled=false", "--dtype", "bfloat16"});
  ASSERT_EQ(preset.status, 0) << preset.err;  // a recipe without text
  ASSERT_EQ(init().status, 0);
  EXPECT_EQ(run_welt({"checkpoint", "inspect", out().string(), "--check"}).status, 0);
  const Outcome text = run_welt({"generate", out().string(), "--prompt", "in the", "--words", "2"});
  EXPECT_EQ(text.status, 0) << text.err;
  for (const char* weights : {"bf16", "int8"}) {
    const Outcome timed = run_welt(
        {"bench", "generate", out().string(), "--weights", weights, "--words", "2", "--repeats", "1", "--prompt", "a"});
    EXPECT_EQ(timed.status, 0) << timed.err;
  }
  const Outcome next = train(settings({"name=next", "train.steps=1", "model.from=" + out().string()}));
  EXPECT_EQ(next.status, 0) << next.err;
}

TEST_F(CheckpointInitSlow, WhatIsThereOrCannotBeMadeIsRefused) {
  fs::create_directory(out());
  std::ofstream(out() / "mine") << "text";
  const Outcome there = init();
  EXPECT_EQ(there.status, 1);
  EXPECT_CONTAINS(there.err, "there is something of that name already");
  EXPECT_EQ(slurp(out() / "mine"), "text");
  fs::remove(out() / "mine");
  const Outcome task = init(settings({"task=distill"}));
  EXPECT_EQ(task.status, 1);
  EXPECT_CONTAINS(task.err, "--set: task: \"distill\", which makes no model of [model]");
  const Outcome long_words = init(settings({"model.segmenter.max_bytes=40"}));
  EXPECT_EQ(long_words.status, 1);
  EXPECT_CONTAINS(long_words.err, "the bytes encoder has 16");
  EXPECT_TRUE(fs::is_empty(out())) << "something was left behind";
  EXPECT_EQ(init({"--dtype", "int8"}).status, 2);
  EXPECT_EQ(init().status, 0) << "an empty folder may be taken";
}

}  // namespace
}  // namespace welt::test
