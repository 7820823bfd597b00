// BLEU, chrF and error rates against sacreBLEU and jiwer, and what sums of them promise.
#include "core/metrics/text_scores.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/utf8.h"
#include "core/metrics/text_metrics.h"
#include "core/metrics/tokenizer_13a.h"
#include "core/metrics/white_space.h"

namespace welt {
namespace {

using nlohmann::json;

constexpr double tolerance = 1e-9;  // rounding of a few additions in another order

std::vector<json> golden_rows() {
  std::vector<json> rows;
  std::ifstream file(std::string(WELT_TEST_DATA) + "/text/metrics.jsonl");
  for (std::string line; std::getline(file, line);) rows.push_back(json::parse(line));
  return rows;
}

TextSums sums_of(const std::vector<std::string>& hypotheses, const std::vector<std::string>& references) {
  TextScorer scorer;
  TextSums sums;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) sums += scorer.count(hypotheses[i], references[i]);
  return sums;
}

void expect_row(const json& row) {
  SCOPED_TRACE(row.dump());
  const TextSums sums = sums_of(row["hyp"], row["ref"]);
  const BleuScore bleu = sums.bleu.score();
  EXPECT_NEAR(bleu.bleu, row["bleu"].get<double>(), tolerance);
  EXPECT_NEAR(bleu.brevity_penalty, row["bleu_bp"].get<double>(), tolerance);
  EXPECT_EQ(json(sums.bleu.matches), row["bleu_counts"]);
  EXPECT_EQ(json(sums.bleu.totals), row["bleu_totals"]);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(bleu.precisions[i], row["bleu_precisions"][i].get<double>(), tolerance);
  EXPECT_EQ(sums.bleu.hypothesis_tokens, row["hyp_len"]);
  EXPECT_EQ(sums.bleu.reference_tokens, row["ref_len"]);
  EXPECT_NEAR(sums.chrf.chrf2(), row["chrf2"].get<double>(), tolerance);
  EXPECT_NEAR(sums.chrf.chrf_plus_plus(), row["chrfpp"].get<double>(), tolerance);
  EXPECT_NEAR(sums.words.rate(), row["wer"].get<double>(), tolerance);
  EXPECT_EQ(sums.words.is_count(), row["wer"].is_number_integer());
  EXPECT_NEAR(sums.characters.rate(), row["cer"].get<double>(), tolerance);
  EXPECT_EQ(sums.characters.is_count(), row["cer"].is_number_integer());
  if (row["kind"] != "pair") return;
  EXPECT_NEAR(sums.bleu.score(true).bleu, row["sentence_bleu_effective_order"].get<double>(), tolerance);
  EXPECT_EQ(tokenize_13a(row["hyp"][0].get<std::string>()), row["tokens_13a_hyp"]);
  EXPECT_EQ(tokenize_13a(row["ref"][0].get<std::string>()), row["tokens_13a_ref"]);
}

TEST(TextScoresParity, EqualTheGoldens) {
  int rows = 0;
  for (const json& row : golden_rows()) {
    if (row["kind"] == "signature") {
      EXPECT_EQ(bleu_signature(), row["bleu"]);
      EXPECT_EQ(chrf_plus_plus_signature(), row["chrfpp"]);
    } else {
      expect_row(row);
    }
    ++rows;
  }
  EXPECT_EQ(rows, 49);
}

TEST(TextScores, SumsOfPartsAreTheSumOfAll) {
  std::vector<std::string> hypotheses, references;
  for (const json& row : golden_rows()) {
    if (!row.contains("hyp")) continue;
    for (const auto& text : row["hyp"]) hypotheses.push_back(text);
    for (const auto& text : row["ref"]) references.push_back(text);
  }
  const TextSums whole = sums_of(hypotheses, references);
  const auto half = static_cast<std::ptrdiff_t>(hypotheses.size() / 2);
  TextSums merged =
      sums_of({hypotheses.begin() + half, hypotheses.end()}, {references.begin() + half, references.end()});
  merged += sums_of({hypotheses.begin(), hypotheses.begin() + half}, {references.begin(), references.begin() + half});
  EXPECT_EQ(merged.pairs, static_cast<std::int64_t>(hypotheses.size()));
  EXPECT_EQ(merged.bleu.matches, whole.bleu.matches);
  EXPECT_EQ(merged.bleu.totals, whole.bleu.totals);
  EXPECT_EQ(merged.chrf.matches, whole.chrf.matches);
  EXPECT_EQ(merged.chrf.chrf_plus_plus(), whole.chrf.chrf_plus_plus());
  EXPECT_EQ(merged.words.rate(), whole.words.rate());
  EXPECT_EQ(merged.characters.rate(), whole.characters.rate());
}

TEST(TextScores, OfNothingAreZero) {
  const TextSums none;
  EXPECT_EQ(none.bleu.score().bleu, 0);
  EXPECT_EQ(none.chrf.chrf2(), 0);
  EXPECT_EQ(none.words.rate(), 0);
}

// A table that is used again after a longer text must not remember that text.
TEST(TextScores, DoNotDependOnWhatWasCountedBefore) {
  TextScorer scorer;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "w" + std::to_string(i) + " ";
  const TextSums long_text = scorer.count(text, text);
  EXPECT_NEAR(long_text.bleu.score().bleu, 100, tolerance);
  EXPECT_EQ(long_text.words.reference, 5000);
  const TextSums other = scorer.count("w1 w2 w3 w4 w5", "v1 v2 v3 v4 v5"),
                 fresh = sums_of({"w1 w2 w3 w4 w5"}, {"v1 v2 v3 v4 v5"});
  EXPECT_EQ(other.bleu.matches, fresh.bleu.matches);
  EXPECT_EQ(other.chrf.matches, fresh.chrf.matches);
  EXPECT_EQ(other.words.edits, 5);
}

TEST(TextScores, RepeatedNgramsAreClippedToTheReference) {
  const TextSums sums = sums_of({"the the the the the the the"}, {"the cat is on the mat"});  // Papineni et al. 2002
  EXPECT_EQ(sums.bleu.matches, (std::array<std::int64_t, 4>{2, 0, 0, 0}));
  EXPECT_EQ(sums.bleu.totals, (std::array<std::int64_t, 4>{7, 6, 5, 4}));
}

TEST(ErrorRates, SingleTabsBelongToWordsAndRunsOfWhiteSpaceDoNot) {
  ErrorCounter counter;
  EXPECT_EQ(counter.words("a\tb", "a b").edits, 2);
  EXPECT_EQ(counter.words("a\t\tb", "a b").edits, 0);
  EXPECT_EQ(counter.words("a \u00A0b", "a b").edits, 0);
  EXPECT_EQ(counter.words("\u3000a b\n", "a b").edits, 0);
  EXPECT_EQ(counter.characters(" a  b ", "a b").edits, 1);
}

// By the names of Hugging Face's `evaluate`, whose numbers they are: of these two pairs two of six words and four of 23
// characters are wrong.
TEST(TextMetrics, AreThoseOfEvaluateByName) {
  TextScorer scorer;
  TextSums sums = scorer.count("the cat sat", "the cat sat");
  sums += scorer.count("a cat sat", "the cats sat");
  std::map<std::string, double> found, of_one;
  for (const TextMetric& metric : text_metrics()) {
    found[std::string(metric.name)] = metric.value(sums);
    of_one[std::string(metric.name)] = metric.of_one(scorer.count("the cat sat", "the cat sat"));
  }
  EXPECT_EQ(found.at("sacrebleu"), sums.bleu.score().bleu);
  EXPECT_NEAR(found.at("wer"), 2.0 / 6, 1e-12);
  EXPECT_NEAR(found.at("cer"), 4.0 / 23, 1e-12);
  EXPECT_EQ(found.at("exact_match"), 0.5);
  EXPECT_EQ(found.at("chrf"), sums.chrf.chrf2());
  EXPECT_EQ(found.at("chrf++"), sums.chrf.chrf_plus_plus());
  EXPECT_NEAR(of_one.at("sacrebleu"), 100, 1e-9);  // of a single text shorter orders do
  EXPECT_EQ(of_one.at("exact_match"), 1);
}

TEST(WhiteSpace, IsPythons) {
  const std::vector<std::uint32_t> expected = {0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x1C,   0x1D,   0x1E,
                                               0x1F,   0x20,   0x85,   0xA0,   0x1680, 0x2000, 0x2001, 0x2002,
                                               0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A,
                                               0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
  std::vector<std::uint32_t> found;
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, point);
    const std::size_t size = white_space_at(text, 0);
    if (size > 0) found.push_back(point);
    EXPECT_EQ(strip("x" + text + "x").size(), text.size() + 2);
    EXPECT_EQ(strip_end("x" + text).size(), size > 0 ? 1 : text.size() + 1);
  }
  EXPECT_EQ(found, expected);
}

TEST(Tokenizer13a, ReadsEntitiesInOrder) {
  EXPECT_EQ(tokenize_13a("&amp;lt; &amp;quot;"), "< & quot ;");
  EXPECT_EQ(tokenize_13a("a<skipped>b c-\nd e\nf"), "ab cd e f");
  EXPECT_EQ(tokenize_13a("1.5 1,000. x.y 5-6 a-b it's"), "1.5 1,000 . x . y 5 - 6 a-b it's");
  EXPECT_EQ(tokenize_13a(""), "");
}

}  // namespace
}  // namespace welt
