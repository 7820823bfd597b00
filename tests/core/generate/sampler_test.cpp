// Choosing a byte: greedy, temperature, top-k, top-p, and draws that depend on nothing but their own row.
#include "core/generate/sampler.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "core/base/error.h"

namespace welt {
namespace {

std::array<float, 256> logits_of(const std::map<int, float>& given) {
  std::array<float, 256> logits;
  logits.fill(-50);
  for (const auto& [byte, value] : given) logits[static_cast<std::size_t>(byte)] = value;
  return logits;
}

ByteSet all_bytes() {
  ByteSet set;
  set.set();
  return set;
}

// How often each byte comes in 20,000 draws.
std::map<int, double> shares(const std::array<float, 256>& logits, const SamplingOptions& options) {
  const ByteDraws draws(7, "prompt", 0);
  std::map<int, double> counts;
  for (int i = 0; i < 20000; ++i) counts[choose_byte(logits, all_bytes(), options, draws.uniform(i, 0))] += 1 / 20000.0;
  return counts;
}

TEST(Sampler, GreedyTakesTheLargestAllowedLogitAndTheSmallerByteOfEqualOnes) {
  const auto logits = logits_of({{'a', 3}, {'b', 5}, {'c', 5}, {'z', 9}});
  ByteSet allowed = all_bytes();
  EXPECT_EQ(choose_byte(logits, allowed, {}, 0.9), 'z');
  allowed.reset('z');
  EXPECT_EQ(choose_byte(logits, allowed, {}, 0.9), 'b');
}

TEST(Sampler, TemperatureScalesTheLogits) {
  const auto logits = logits_of({{'a', 0}, {'b', 1}});
  for (const double temperature : {0.5, 1.0, 2.0}) {
    const double expected = 1 / (1 + std::exp(-1 / temperature));
    EXPECT_NEAR(shares(logits, {.temperature = temperature})['b'], expected, 0.015) << temperature;
  }
}

TEST(Sampler, TopKKeepsTheMostLikely) {
  const auto counts = shares(logits_of({{'a', 0}, {'b', 0.1f}, {'c', 0.2f}}), {.temperature = 1, .top_k = 2});
  EXPECT_EQ(counts.size(), 2U);
  EXPECT_TRUE(counts.contains('b') && counts.contains('c'));
}

TEST(Sampler, TopPKeepsTheSmallestSetWithThatProbability) {
  // Probabilities 0.5, 0.3, 0.2.
  const auto logits = logits_of({{'a', std::log(0.5f)}, {'b', std::log(0.3f)}, {'c', std::log(0.2f)}});
  EXPECT_EQ(shares(logits, {.temperature = 1, .top_p = 0.4}).size(), 1U);
  EXPECT_EQ(shares(logits, {.temperature = 1, .top_p = 0.7}).size(), 2U);
  EXPECT_EQ(shares(logits, {.temperature = 1, .top_p = 0.95}).size(), 3U);
  EXPECT_NEAR(shares(logits, {.temperature = 1, .top_p = 0.7})['a'], 0.5 / 0.8, 0.015);
}

TEST(Sampler, NothingForbiddenIsEverDrawn) {
  ByteSet allowed;
  allowed.set('q');
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(choose_byte(logits_of({{'a', 40}}), allowed, {.temperature = 5}, i / 100.0), 'q');
}

TEST(Sampler, DrawsDifferByPromptOccurrenceWordAndByteAndRepeatThemselves) {
  std::set<double> seen;
  for (const char* prompt : {"a", "b"})
    for (const std::uint64_t occurrence : {0, 1})
      for (int word = 0; word < 3; ++word)
        for (int byte = 0; byte < 3; ++byte) {
          const double draw = ByteDraws(1, prompt, occurrence).uniform(word, byte);
          EXPECT_TRUE(draw >= 0 && draw < 1);
          EXPECT_EQ(draw, ByteDraws(1, prompt, occurrence).uniform(word, byte));
          seen.insert(draw);
        }
  EXPECT_EQ(seen.size(), 36U);
  EXPECT_NE(ByteDraws(1, "a", 0).uniform(0, 0), ByteDraws(2, "a", 0).uniform(0, 0));
}

TEST(Sampler, ImpossibleOptionsAreRefused) {
  EXPECT_THROW(SamplingOptions{.temperature = -1}.check(), Error);
  EXPECT_THROW(SamplingOptions{.temperature = std::nan("")}.check(), Error);
  EXPECT_THROW(SamplingOptions{.top_k = -1}.check(), Error);
  EXPECT_THROW(SamplingOptions{.top_p = 0}.check(), Error);
  EXPECT_THROW(SamplingOptions{.top_p = 1.5}.check(), Error);
}

}  // namespace
}  // namespace welt
