// The figures of a corpus: counts by hand, the padding against a data set's own, and what bounded memory costs.
#include "core/prepare/corpus_stats.h"

#include <gtest/gtest.h>

#include "tests/core/data/temporary_folder.h"

namespace welt::test {
namespace {

using nlohmann::ordered_json;

ordered_json figures_of(const std::vector<SourceDocument>& documents, const CorpusStatsOptions& options = {}) {
  CorpusStats stats(options, split_words);
  for (const SourceDocument& document : documents) stats.add(document);
  return stats.finish();
}

TEST(CorpusStats, CountsWordsScriptsLanguagesAndDuplicates) {
  const ordered_json f =
      figures_of({{"a b a ", "eng_Latn"}, {"\u05e9\u05dc\u05d5\u05dd", "heb_Hebr"}, {"a b a ", ""}}, {.top = 2});
  EXPECT_EQ(f["documents"], 3);
  EXPECT_EQ(f["bytes"], 20);
  EXPECT_EQ(f["characters"], 16);
  EXPECT_EQ(f["words"], 7);
  EXPECT_EQ(f["vocabulary"]["distinct"], (ordered_json{{"words", 3}, {"is_exact", true}, {"relative_error", 0.0}}));
  EXPECT_EQ(f["vocabulary"]["frequent"],
            (ordered_json{{{"word", "a "}, {"count", 4}}, {{"word", "b "}, {"count", 2}}}));
  EXPECT_EQ(f["vocabulary"]["longest"][0], (ordered_json{{"word", "\u05e9\u05dc\u05d5\u05dd"}, {"bytes", 8}}));
  EXPECT_EQ(f["vocabulary"]["longest"].size(), 2U);
  EXPECT_EQ(f["scripts"][1], (ordered_json{{"script", "Latin"}, {"characters", 6}, {"share", 6.0 / 16}}));
  EXPECT_EQ(f["scripts"][2], (ordered_json{{"script", "Hebrew"}, {"characters", 4}, {"share", 0.25}}));
  EXPECT_EQ(f["languages"], (ordered_json{{{"language", "eng_Latn"}, {"documents", 1}, {"words", 3}},
                                          {{"language", "heb_Hebr"}, {"documents", 1}, {"words", 1}}}));
  EXPECT_EQ(f["untagged_documents"], 1);
  EXPECT_EQ(f["duplicates"]["exact"], 1);
  EXPECT_EQ(f["document_words"]["max"], 3);
  EXPECT_EQ(f["vocabulary"]["growth"][0], (ordered_json{{"words", 1}, {"distinct", 1}}));
  EXPECT_EQ(f["vocabulary"]["growth"].back(), (ordered_json{{"words", 7}, {"distinct", 3}}));
}

// Rows are those that training makes of the same text.
TEST(CorpusStats, PaddingIsThatOfTheDataSet) {
  const TemporaryFolder folder;
  std::string text;
  std::vector<std::string> lines;
  for (int i = 0; i < 300; ++i) {
    std::string line;
    for (int word = 0; word < 1 + i * 7919 % 37; ++word) line += "w" + std::to_string(word * i % 50) + " ";
    lines.push_back(line);
    text += line + "\n";
  }
  for (const char* packing : {"best_fit", "greedy"}) {
    DatasetOptions options{{.files = {folder.write("text.txt", text)}, .format = "lines"}};
    options.words = 16;
    options.packing = packing;
    const auto data = Dataset::open(options, split_words);
    std::vector<SourceDocument> documents;
    for (const std::string& line : lines) documents.push_back({line, {}});
    const ordered_json padding = figures_of(documents, {.words = 16, .packing = packing})["padding"];
    EXPECT_EQ(padding["rows"], data->statistics().rows) << packing;
    EXPECT_EQ(padding["empty_slots"], data->statistics().empty_slots) << packing;
  }
}

// A document a row: rows of 3 and 5 slots (with BOS) in one batch leave 2 of 10 empty, one of 2 alone none.
TEST(CorpusStats, PaddingOfADocumentARow) {
  const ordered_json f = figures_of({{"a b ", {}}, {"a b c d ", {}}, {"a ", {}}}, {.batch = 2, .words = 16});
  EXPECT_DOUBLE_EQ(f["padding"]["a_document_a_row"]["empty_share"].get<double>(), 2.0 / 12);
}

TEST(CorpusStats, NearDuplicates) {
  const std::string text =
      "the quick brown fox jumps over the lazy dog and runs away from all the hounds that follow it home tonight ";
  EXPECT_EQ(figures_of({{text, {}}, {text + "x ", {}}, {"something else entirely is said here by nobody ", {}}},
                       {.near = true})["duplicates"]["near"]["documents"],
            1);
}

// Beyond the limits the figures are estimates that say so: a tenth at most beside the truth, and frequent words stay.
TEST(CorpusStats, BoundedMemoryEstimates) {
  std::vector<std::string> texts;
  for (int i = 0; i < 20000; ++i) texts.push_back("often word" + std::to_string(i % 15000) + " ");
  std::vector<SourceDocument> documents;
  for (const std::string& text : texts) documents.push_back({text, {}});
  const ordered_json f = figures_of(documents, {.top = 1, .most_hashes = 2000, .most_words = 500, .window = 1000});
  EXPECT_FALSE(f["vocabulary"]["distinct"]["is_exact"].get<bool>());
  EXPECT_NEAR(f["vocabulary"]["distinct"]["words"].get<double>(), 15001, 1500);
  EXPECT_NEAR(f["duplicates"]["exact"].get<double>(), 5000, 1000);
  EXPECT_EQ(f["vocabulary"]["frequent"][0]["word"], "often ");
  EXPECT_GE(
      f["vocabulary"]["frequent"][0]["count"].get<int>() + f["vocabulary"]["frequent_counts_miss_at_most"].get<int>(),
      20000);
}

}  // namespace
}  // namespace welt::test
