// Several texts on two threads (core/generate/overlap.h) beside the same on one.
#include "core/generate/overlap.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <utility>

#include "core/base/error.h"
#include "core/checkpoint/model_files.h"
#include "core/kernels/instructions.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

const std::filesystem::path goldens = std::filesystem::path(WELT_TEST_DATA) / "welt";
const std::vector<std::string> prompts{"the cat ", "on a", "", "the cat ", "hello", "   ", "a brok", "on a big "};

class Overlapped : public testing::Test {
 protected:
  Overlapped() : threads_(at::get_num_threads()) { at::set_num_threads(2); }
  void SetUp() override {
    if (kernels::chosen_instructions() == nullptr) GTEST_SKIP() << "the kernels are off";
  }
  ~Overlapped() override { at::set_num_threads(threads_); }

  static std::vector<Generated> on(int threads, WeltModel& model, const GenerateOptions& options,
                                   GenerateStatistics* spent = nullptr) {
    at::set_num_threads(threads);
    return Generator(model).generate(prompts, options, {}, spent);
  }

 private:
  int threads_;
};

void expect_same(const std::vector<Generated>& found, const std::vector<Generated>& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].words, expected[i].words) << i;
    EXPECT_EQ(found[i].finish, expected[i].finish) << i;
    ASSERT_EQ(found[i].trace.size(), expected[i].trace.size()) << i;
    for (std::size_t word = 0; word < found[i].trace.size(); ++word)
      for (std::size_t byte = 0; byte < found[i].trace[word].log_probabilities.size(); ++byte)
        EXPECT_NEAR(found[i].trace[word].log_probabilities.at(byte), expected[i].trace[word].log_probabilities.at(byte),
                    tolerance);
  }
}

TEST_F(Overlapped, TextsAreThoseOfOneThread) {
  for (const char* name : {"bytes-only", "image-only"}) {
    WeltModel model = load_model(goldens / name);
    for (const double temperature : {0.0, 2.0}) {
      const GenerateOptions options{.words = 9, .sampling = {.temperature = temperature}, .scores = true};
      at::set_num_threads(2);
      ASSERT_TRUE(can_overlap(model, options) && pays_to_overlap(model, prompts.size()));
      GenerateStatistics overlapped, alone;
      const auto found = on(2, model, options, &overlapped);
      expect_same(found, on(1, model, options, &alone), 1e-4);
      EXPECT_EQ(overlapped.words, alone.words);
      EXPECT_EQ(overlapped.bytes, alone.bytes);
    }
  }
}

// Which rows are computed beside which hangs on what is written, never on which thread was faster.
TEST_F(Overlapped, RunsRepeatEachOtherToTheLastBit) {
  WeltModel model = load_model(goldens / "bytes-only");
  const GenerateOptions options{.words = 9, .sampling = {.temperature = 2}, .scores = true};
  const auto first = on(2, model, options);
  for (int i = 0; i < 3; ++i) expect_same(on(2, model, options), first, 0);
}

TEST_F(Overlapped, UnitsOfSeveralBytesAreWrittenToo) {
  for (const char* name : {"utf16", "utf32"}) {
    WeltModel model = load_model(goldens / name);
    expect_same(on(2, model, {.words = 6}), on(1, model, {.words = 6}), 0);
  }
}

TEST_F(Overlapped, AnInterruptEndsAllTextsAsTheyAre) {
  WeltModel model = load_model(goldens / "bytes-only");
  for (int after = 1; after < 12; after += 4) {
    volatile std::sig_atomic_t stop = 0;
    int words = 0;
    const auto texts =
        Generator(model).generate(prompts, {.words = 50, .sampling = {.temperature = 2}, .interrupt = &stop},
                                  [&](std::size_t, std::string_view) { stop = ++words >= after; });
    std::size_t told = 0, interrupted = 0;
    for (const Generated& text : texts) {
      told += text.words.size();
      interrupted += text.finish == FinishReason::interrupted;
    }
    EXPECT_EQ(told, static_cast<std::size_t>(words));
    EXPECT_GT(interrupted, 0U);
  }
}

TEST_F(Overlapped, AnErrorOfTheOtherThreadIsTold) {
  WeltModel model = load_model(goldens / "bytes-only");
  bool damaged = false;
  const auto damage = [&](std::size_t, std::string_view) {  // once, behind the prompts, before any word is read
    if (std::exchange(damaged, true)) return;
    for (const ModelParameter& parameter : model.parameters())
      if (parameter.name.starts_with("latent_transformer.")) parameter.tensor.detach().fill_(std::nan(""));
  };
  EXPECT_CONTAINS(test::error_of([&] { Generator(model).generate(prompts, {.words = 4}, damage); }),
                  "the latent transformer (");
}

TEST_F(Overlapped, WhatNeedsRowsInStepIsNotOverlapped) {
  WeltModel model = load_model(goldens / "bytes-only");
  EXPECT_TRUE(can_overlap(model, {}));
  EXPECT_TRUE(pays_to_overlap(model, 8));
  EXPECT_FALSE(pays_to_overlap(model, 7));
  EXPECT_FALSE(can_overlap(model, {.reference_compatible = true}));
  EXPECT_FALSE(can_overlap(model, {.beams = {.beams = 2}}));
  at::set_num_threads(1);
  EXPECT_FALSE(can_overlap(model, {}));
}

}  // namespace
}  // namespace welt
