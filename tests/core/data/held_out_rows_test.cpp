// Rows of held-out data: templates over their fields, groups, and batches of each group.
#include "core/data/held_out_rows.h"

#include <gtest/gtest.h>

#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

class HeldOutRows : public ::testing::Test {
 protected:
  std::vector<HeldOutRow> read(const std::string& lines, HeldOutRowOptions options) {
    options.files = {folder_.put("rows.jsonl", lines)};
    return read_held_out_rows(options);
  }
  test::TempFolder folder_;
};

// Blanks end words, and belong to them.
void split(std::string_view text, std::vector<std::uint64_t>& ends) {
  ends.clear();
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == ' ' || i + 1 == text.size()) ends.push_back(i + 1);
}

TEST_F(HeldOutRows, RowsThatTheDocumentsTemplateDoesNotFitAreLeftOut) {
  const std::string lines = "{\"en\": \"cat\", \"de\": \"Katze\"}\n{\"en\": \"dog\"}\n";
  EXPECT_THROW(read(lines, {.text_template = "{en} {de}"}), Error);
  const auto rows = read(lines, {.text_template = "{en} {de}", .fits = "{en} {de}"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].text, "cat Katze");
}

TEST_F(HeldOutRows, TemplatesMakePrefixCompletionAndGroupOfNestedFields) {
  const auto rows = read(
      "{\"text\": \"a\", \"translation\": {\"en\": \"cat\", \"de\": \"Katze\"}, \"meta\": {\"language\": \"de\"}}\n"
      "{\"text\": null, \"translation\": {\"en\": \"dog\", \"de\": \"Hund\"}, \"meta\": {\"language\": \"de\"}}\n",
      {.text = "text", .pair = {"<en>\x0e{translation[en]}\x0f<de> ", "{translation[de]}"}, .group = "meta[language]"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].text, "a");
  EXPECT_EQ(rows[1].text, "");
  EXPECT_EQ(rows[0].prefix,
            "<en>\x0e"
            "cat\x0f<de> ");
  EXPECT_EQ(rows[1].completion, "Hund");
  EXPECT_EQ(rows[1].group, "de");
}

TEST_F(HeldOutRows, AFieldThatIsNotThereNamesRowAndThoseThatAre) {
  const std::string message = test::error_of([&] {
    read("{\"source\": \"a\", \"target\": \"b\"}\n", {.pair = {"{source}", "{targett}"}});
  });
  EXPECT_CONTAINS(message, "rows.jsonl:1");
  EXPECT_CONTAINS(message, "target");
}

TEST_F(HeldOutRows, ATemplateMakesTheTextAndALanguageChooses) {
  const std::string lines =
      "{\"en\": \"one\", \"language\": \"x\"}\n{\"en\": \"two\"}\n{\"en\": \"six\", \"language\": 7}\n";
  const auto rows = read(lines, {.text = "text", .text_template = "<{en}>", .language = "x"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].text, "<one>");
}

TEST_F(HeldOutRows, DamagedRowsAreAnErrorOrLeftOut) {
  const std::string lines = "{\"text\": \"a\"}\nnot json\n{\"text\": \"b\"}\n";
  EXPECT_CONTAINS(test::error_of([&] { read(lines, {.text = "text"}); }), "rows.jsonl:2");
  EXPECT_EQ(read(lines, {.skip_bad = true, .text = "text"}).size(), 2U);
  EXPECT_EQ(read(lines, {.text = "text", .most = 1}).size(), 1U);
}

TEST_F(HeldOutRows, AFormatThatIsNamedCountsMoreThanTheEnding) {
  const auto texts = [&](const char* content, const char* format) {
    HeldOutRowOptions options{.files = {folder_.put("rows.data", content)}, .format = format, .text = "text"};
    std::string out;
    for (const HeldOutRow& row : read_held_out_rows(options)) out += row.text + ".";
    return out;
  };
  EXPECT_EQ(texts("[{\"text\": \"a\"}, {\"text\": \"b\"}]", "json"), "a.b.");
  EXPECT_EQ(texts("{\"text\": \"a\"}\n", "jsonl"), "a.");
  EXPECT_EQ(texts("n\ttext\n1\ta, b\n", "tsv"), "a, b.");
  EXPECT_EQ(texts("text,n\na,1\n", "csv"), "a.");
  EXPECT_CONTAINS(test::error_of([&] { texts("x", "parquet"); }), "Parquet");
  EXPECT_CONTAINS(test::error_of([&] { texts("x", "auto"); }), "ending");
}

TEST_F(HeldOutRows, EveryWordOfAGroupIsALabelOnceInItsBatches) {
  const std::vector<HeldOutRow> rows{{.text = "a b c d e f g", .group = "x"},
                                     {.text = "", .group = "y"},
                                     {.text = "h i", .group = "x"},
                                     {.text = "k", .group = "w"}};
  DatasetOptions options;
  options.batch = 2;
  options.words = 4;
  const auto groups = group_batches(rows, options, split, nullptr, 0);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].first, "w");
  EXPECT_EQ(groups[1].first, "x");
  std::int64_t labels = 0;
  for (const Batch& batch : groups[1].second)
    for (const std::int64_t label : batch.label) labels += label >= 0 ? 1 : 0;
  EXPECT_EQ(labels, 9 + 2);  // words, and the end of each document
}

TEST(Evenly, TakesFromTheWholeAndEachOnce) {
  EXPECT_EQ(evenly(10, 3), (std::vector<std::int64_t>{0, 3, 6}));
  EXPECT_EQ(evenly(3, 0), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(evenly(2, 9), (std::vector<std::int64_t>{0, 1}));
}

}  // namespace
}  // namespace welt
