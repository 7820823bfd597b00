#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>
#include <string>

#include "core/metrics/accumulator.h"
#include "core/metrics/ngram.h"

namespace welt {
namespace {

TEST(LossSums, figures) {
  LossSums sums{.nats = 6 * std::numbers::ln2, .text_bytes = 9, .label_bytes = 12, .correct_bytes = 6, .words = 3, .correct_words = 1};
  sums += sums;
  EXPECT_EQ(sums.text_bytes, 18);
  EXPECT_NEAR(sums.loss(), std::numbers::ln2 / 2, 1e-12);
  EXPECT_NEAR(sums.perplexity(), std::sqrt(2), 1e-12);
  EXPECT_NEAR(sums.byte_accuracy(), 0.5, 1e-12);
  EXPECT_NEAR(sums.word_accuracy(), 1.0 / 3, 1e-12);
  EXPECT_NEAR(sums.bits_per_byte(), 12.0 / 18, 1e-12);
  EXPECT_EQ(LossSums{}.bits_per_byte(), 0);
  EXPECT_EQ(LossSums{}.loss(), 0);
}

TEST(Ngram, of_random_bytes_is_their_entropy) {
  std::mt19937 random(1);
  std::string train, test;
  for (int i = 0; i < 40000; ++i) (i % 4 == 0 ? test : train) += static_cast<char>('a' + random() % 4);
  const NgramBaseline baseline = ngram_baseline({train}, {test});
  EXPECT_NEAR(baseline.unigram_bits_per_byte, 2, 0.02);
  EXPECT_NEAR(baseline.trigram_bits_per_byte, 2, 0.02);
}

TEST(Ngram, trigram_learns_what_two_bytes_decide) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "abcabd";
  const NgramBaseline baseline = ngram_baseline({text}, {text});
  EXPECT_GT(baseline.unigram_bits_per_byte, 1.8);
  EXPECT_NEAR(baseline.trigram_bits_per_byte, 1.0 / 3, 0.02);  // one bit in three bytes
}

// Every document of 0 or more bytes has code lengths that sum to at most one: here the texts of one byte.
TEST(Ngram, codes_documents_and_their_ends) {
  const std::string train = "aabbab";
  double sum = 0;
  for (int first = 0; first < 256; ++first) {
    const std::string text(1, static_cast<char>(first));
    sum += std::exp2(-ngram_baseline({train}, {text}).trigram_bits_per_byte);
  }
  EXPECT_GT(sum, 0);
  EXPECT_LT(sum, 1);
}

TEST(Ngram, without_text_is_zero) {
  EXPECT_EQ(ngram_baseline({}, {"a"}).trigram_bits_per_byte, 0);
  EXPECT_EQ(ngram_baseline({"a"}, {""}).unigram_bits_per_byte, 0);
}

TEST(Ngram, unseen_bytes_have_a_finite_cost) {
  EXPECT_LT(ngram_baseline({"aaaa"}, {"zzzz"}).trigram_bits_per_byte, 30);
  EXPECT_LT(ngram_baseline({"aaaa"}, {"zzzz"}).unigram_bits_per_byte, 30);
}

}  // namespace
}  // namespace welt
