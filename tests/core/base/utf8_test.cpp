// core/base/utf8 against the Unicode Standard, chapter 3 (tables 3-7 and 3-8).
#include "core/base/utf8.h"

#include <gtest/gtest.h>

#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

TEST(Utf8, EveryCodePointGoesThereAndBack) {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point == 0xD800) code_point = 0xE000;
    std::string text;
    append_utf8(text, code_point);
    std::size_t offset = 0;
    ASSERT_EQ(find_invalid_utf8(text), utf8_ok) << static_cast<unsigned>(code_point);
    ASSERT_EQ(decode_utf8(text, offset), code_point);
    ASSERT_EQ(offset, text.size());
  }
}

TEST(Utf8, SurrogatesAndTooLargeValuesCannotBeAppended) {
  std::string text;
  EXPECT_CONTAINS(test::error_of([&] { append_utf8(text, 0xD800); }), "U+D800");
  EXPECT_CONTAINS(test::error_of([&] { append_utf8(text, 0x110000); }), "U+110000");
  EXPECT_EQ(text, "");
}

TEST(Utf8, FirstInvalidByteIsFoundAtEveryAlignment) {
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string text = std::string(before, 'a') + "\xC0\xAF" + std::string(20, 'b');
    EXPECT_EQ(find_invalid_utf8(text), before);
    EXPECT_EQ(find_invalid_utf8(std::string(before, 'a') + "\xE2\x82"), before);  // cut off
    EXPECT_EQ(find_invalid_utf8(std::string(before, 'a') + "\xE2\x82\xAC"), utf8_ok);
  }
  EXPECT_EQ(find_invalid_utf8(""), utf8_ok);
}

TEST(Utf8, IllFormedSequencesAreRefused) {
  for (const std::string text : {"\x80", "\xBF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                                 "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC2"})
    EXPECT_EQ(find_invalid_utf8(text), 0U);
}

TEST(Utf8, MaximalSubpartsAreReplacedOneByOne) {
  const std::string r = "\xEF\xBF\xBD";
  // Table 3-8, and the examples of truncated sequences below it.
  EXPECT_EQ(replace_invalid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(replace_invalid_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), r + r + r + r + r + "A" + r + r + "B");
  EXPECT_EQ(replace_invalid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), r + r + r + r + "A");
  EXPECT_EQ(replace_invalid_utf8("שלום"), "שלום");
}

}  // namespace
}  // namespace welt
