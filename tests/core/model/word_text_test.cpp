// Words out of a plan, as text again.
#include "core/model/word_text.h"

#include <gtest/gtest.h>

namespace welt {
namespace {

TEST(WordText, IsTheWordInEveryEncoding) {
  const std::vector<std::string> words{"", "the ", "naïve", "🙂!", "\x02", "漢字"};
  for (const Encoding encoding : {Encoding::utf8, Encoding::utf16, Encoding::utf32}) {
    WordTable table{.units = Units(encoding)};
    std::vector<std::int64_t> numbers, row_of;
    for (const std::string& word : words) numbers.push_back(table.size()), table.add(word);
    const WordPlan plan = plan_words(table, numbers, row_of);
    const std::vector<std::string> texts = word_texts(upload(plan, at::kCPU), table.units);
    for (std::size_t i = 0; i < words.size(); ++i)
      EXPECT_EQ(texts.at(static_cast<std::size_t>(row_of[i])), words[i]) << encoding_name(encoding);
  }
}

// The Python WeLT's NUL is padding: it is not seen, and so not read.
TEST(WordText, LeavesOutWhatIsNotSeen) {
  WordTable table;
  table.nul_is_padding = true;
  table.add(std::string_view("a\0b", 3));
  std::vector<std::int64_t> row_of;
  const WordPlan plan = plan_words(table, {0}, row_of);
  EXPECT_EQ(word_texts(upload(plan, at::kCPU), table.units), std::vector<std::string>{"ab"});
}

}  // namespace
}  // namespace welt
