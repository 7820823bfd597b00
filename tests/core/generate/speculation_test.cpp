// Speculative writing: the text that comes without it, whoever guesses, in fewer passes. Models: tests/goldens/welt.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/base/error.h"
#include "core/checkpoint/model_files.h"
#include "core/generate/draft.h"
#include "core/generate/generator.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using Words = std::vector<std::string>;

const std::filesystem::path goldens = std::filesystem::path(WELT_TEST_DATA) / "welt";

const Words prompts{"the cat ", "the cat sat on a red mat the cat sat on a ", "", "on a bi", "a broken cup a broken "};

TEST(Speculation, GuessesWhatFollowedTheLongestRepeatedEnding) {
  const Words text{"\x02", "a ", "b ", "c ", "x ", "b ", "c ", "y ", "b ", "c "};
  EXPECT_EQ(words_after_repeat(text, 2), (Words{"y ", "b "}));  // the latest of two
  const Words longer{"a ", "b ", "c ", "1 ", "z ", "b ", "c ", "2 ", "a ", "b ", "c "};
  EXPECT_EQ(words_after_repeat(longer, 1), Words{"1 "});  // three words tell more than two
  EXPECT_EQ(words_after_repeat({"a ", "b ", "a "}, 4), Words());
  EXPECT_EQ(words_after_repeat({"a ", "a ", "a "}, 4), Words{"a "});
  EXPECT_EQ(words_after_repeat({}, 4), Words());
}

void expect_the_same(WeltModel& model, WeltModel* draft, const GenerateOptions& options, const std::string& what) {
  Generator plain(model), speculative(model);
  if (draft) speculative.set_draft(*draft);
  GenerateOptions guessing = options;
  const std::vector<Generated> expected = plain.generate(prompts, options);
  for (const std::int64_t ahead : {1, 4}) {
    guessing.speculate = ahead;
    Words told(prompts.size());
    const std::vector<Generated> found = speculative.generate(
        prompts, guessing, [&](std::size_t prompt, std::string_view word) { told[prompt] += word; });
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      EXPECT_EQ(found[i].text, expected[i].text) << what << ", " << ahead << " ahead: " << prompts[i];
      EXPECT_EQ(found[i].words, expected[i].words);
      EXPECT_EQ(finish_name(found[i].finish), finish_name(expected[i].finish)) << what << ": " << prompts[i];
      EXPECT_EQ(told[i], found[i].text);
      ASSERT_EQ(found[i].trace.size(), expected[i].trace.size());
      for (std::size_t word = 0; word < found[i].trace.size(); ++word)
        for (std::size_t byte = 0; byte < found[i].trace[word].bytes.size(); ++byte)
          EXPECT_NEAR(found[i].trace[word].log_probabilities[byte], expected[i].trace[word].log_probabilities[byte],
                      1e-4);
    }
  }
}

TEST(Speculation, WritesTheSameTextWhoeverGuesses) {
  WeltModel other = load_model(goldens / "image-only");
  for (const char* name : {"bytes-only", "utf16", "image-only"}) {
    WeltModel model = load_model(goldens / name), same = load_model(goldens / name);
    for (WeltModel* draft : std::initializer_list<WeltModel*>{nullptr, &same, &other})
      for (const std::int64_t words : {1, 3, 12})
        expect_the_same(model, draft, {.words = words}, std::string(name) + (draft ? ", drafted" : ""));
  }
}

TEST(Speculation, ASeedDrawsTheSameText) {
  WeltModel model = load_model(goldens / "bytes-only"), other = load_model(goldens / "image-only");
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    GenerateOptions options{.words = 5, .sampling = {.temperature = 1.3, .top_p = 0.95, .seed = seed}, .scores = true};
    options.rules.repetition_penalty = 1.1;
    expect_the_same(model, nullptr, options, "n-grams");
    expect_the_same(model, &other, options, "another model");
  }
}

TEST(Speculation, StopsWhereTheTextDoes) {
  WeltModel model = load_model(goldens / "bytes-only"), same = load_model(goldens / "bytes-only");
  expect_the_same(model, &same, {.words = 12, .stop = {"on a"}}, "stop");
  expect_the_same(model, &same, {.words = 40, .rules = {.min_bytes = 1}}, "the end of all positions");
  expect_the_same(model, &same, {.words = 6, .max_bytes = 3}, "short words");
}

// The words that are written before a draft is asked first are in no block.
TEST(Speculation, ADraftReadsAPromptWithABlock) {
  WeltModel model = load_model(goldens / "bytes-only"), same = load_model(goldens / "bytes-only");
  Generator plain(model), speculative(model);
  speculative.set_draft(same);
  const std::string prompt = "\x0ethe cat \x0fsat on a bi";  // it ends inside a word
  EXPECT_EQ(speculative.generate({prompt}, {.words = 5, .speculate = 2})[0].text,
            plain.generate({prompt}, {.words = 5})[0].text);
}

TEST(Speculation, AModelThatAgreesSavesPasses) {
  WeltModel model = load_model(goldens / "bytes-only"), same = load_model(goldens / "bytes-only");
  GenerateStatistics plain, spent;
  Generator(model).generate({"the cat "}, {.words = 12}, {}, &plain);
  Generator speculative(model);
  speculative.set_draft(same);
  speculative.generate({"the cat "}, {.words = 12, .speculate = 8}, {}, &spent);
  EXPECT_GT(spent.agreed, 0);
  EXPECT_LT(spent.word_steps, plain.word_steps);
  EXPECT_LT(spent.byte_steps, plain.byte_steps);
}

TEST(Speculation, SearchesDoNotTakeIt) {
  WeltModel model = load_model(goldens / "bytes-only");
  for (const BeamOptions& beams : {BeamOptions{.beams = 2}, BeamOptions{.word_beams = 2}})
    EXPECT_CONTAINS(test::error_of([&] { Generator(model).generate({"a "}, {.beams = beams, .speculate = 2}); }),
                    "speculate");
}

TEST(Generator, ASignalEndsTheTextBehindTheWordThatIsBeingWritten) {
  WeltModel model = load_model(goldens / "bytes-only");
  volatile std::sig_atomic_t stop = 0;
  for (const std::int64_t ahead : {0, 4}) {
    stop = 0;
    const GenerateOptions options{.words = 12, .speculate = ahead, .interrupt = &stop};
    const Generated cut = Generator(model).generate({"the cat "}, options, [&](auto, auto) { stop = 1; }).front();
    EXPECT_EQ(cut.finish, FinishReason::interrupted);
    EXPECT_EQ(cut.words, Words{"sat "});
  }
}

// Texts of two words with guesses and, of other seeds, without: both counts are draws from one distribution.
TEST(SpeculationSlow, DrawsHaveTheDistributionThatTheyHaveWithout) {
  WeltModel model = load_model(goldens / "bytes-only"), draft = load_model(goldens / "image-only");
  Generator plain(model), speculative(model);
  speculative.set_draft(draft);
  constexpr int draws = 400;
  std::map<std::string, std::pair<double, double>> counts;
  GenerateStatistics spent;
  for (int i = 0; i < draws; ++i) {
    GenerateOptions options{.words = 2, .sampling = {.temperature = 2.0, .top_k = 3}};
    options.max_bytes = 2;
    options.sampling.seed = static_cast<std::uint64_t>(i);
    ++counts[plain.generate({"the cat the cat "}, options).front().text].first;
    options.sampling.seed = static_cast<std::uint64_t>(draws + i);
    options.speculate = 3;
    ++counts[speculative.generate({"the cat the cat "}, options, {}, &spent).front().text].second;
  }
  EXPECT_GT(spent.guessed, draws / 2);
  // Chi-square of two samples of one size; texts that came seldom count together.
  double statistic = 0, rare_plain = 0, rare_guessed = 0;
  int cells = 0;
  const auto add = [&](double a, double b) {
    if (a + b > 0) statistic += (a - b) * (a - b) / (a + b), ++cells;
  };
  for (const auto& [text, count] : counts) {
    if (count.first + count.second >= 10)
      add(count.first, count.second);
    else
      rare_plain += count.first, rare_guessed += count.second;
  }
  add(rare_plain, rare_guessed);
  ASSERT_GE(cells, 4);
  const double freedom = cells - 1;
  std::printf("chi-square %.1f of %d cells\n", statistic, cells);
  EXPECT_LT(statistic, freedom + 4 * std::sqrt(2 * freedom));
}

}  // namespace
}  // namespace welt
