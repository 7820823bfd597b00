#include "core/text/bytes.h"

#include <gtest/gtest.h>

#include "tests/core/text/golden_lines.h"

namespace welt {
namespace {

TEST(BytesParity, decode) {
  int cases = 0;
  for (const auto& row : test::golden_lines("decode.jsonl")) {
    if (row["encoding"] != "utf-8") continue;
    ++cases;
    const auto ids = row["ids"].get<std::vector<std::uint8_t>>();
    EXPECT_EQ(decode_bytes(ids, false), row["text"].get<std::string>()) << row.dump();
    EXPECT_EQ(decode_bytes(ids, true), row["text_skip_special"].get<std::string>()) << row.dump();
  }
  EXPECT_EQ(cases, 18);
}

TEST(Bytes, are_cut_between_code_points) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  EXPECT_EQ(truncate_utf8(text, 2), "a");
  EXPECT_EQ(truncate_utf8(text, 3), "a\xC3\xA9");
  EXPECT_EQ(truncate_utf8(text, 9), "a\xC3\xA9\xE2\x82\xAC");
  EXPECT_EQ(truncate_utf8(text, 10), text);
  EXPECT_EQ(truncate_utf8("\xC3\xA9", 1), "");
}

}  // namespace
}  // namespace welt
