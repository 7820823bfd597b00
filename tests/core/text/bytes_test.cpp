#include "core/text/bytes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace welt {
namespace {

std::vector<nlohmann::json> golden_lines(const std::string& name) {
  std::ifstream file(std::string(WELT_TEST_DATA) + "/text/" + name);
  std::vector<nlohmann::json> out;
  for (std::string line; std::getline(file, line);) out.push_back(nlohmann::json::parse(line));
  return out;
}

TEST(BytesParity, ids) {
  const auto cases = golden_lines("tokenizer.jsonl");
  ASSERT_FALSE(cases.empty());
  for (const auto& row : cases) {
    for (std::size_t i = 0; i < row["texts"].size(); ++i) {
      EXPECT_EQ(byte_ids(row["texts"][i].get<std::string>(), row["options"].value("max_length", 0)),
                row["input_ids"][i].get<std::vector<std::uint8_t>>());
    }
  }
}

TEST(BytesParity, decode) {
  const auto cases = golden_lines("decode.jsonl");
  ASSERT_FALSE(cases.empty());
  for (const auto& row : cases) {
    const auto ids = row["ids"].get<std::vector<std::uint8_t>>();
    EXPECT_EQ(decode_bytes(ids, false), row["text"].get<std::string>()) << row.dump();
    EXPECT_EQ(decode_bytes(ids, true), row["text_skip_special"].get<std::string>()) << row.dump();
  }
}

TEST(Bytes, are_cut_between_code_points) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  EXPECT_EQ(truncate_utf8(text, 2), "a");
  EXPECT_EQ(truncate_utf8(text, 3), "a\xC3\xA9");
  EXPECT_EQ(truncate_utf8(text, 9), "a\xC3\xA9\xE2\x82\xAC");
  EXPECT_EQ(truncate_utf8(text, 10), text);
  EXPECT_EQ(truncate_utf8("\xC3\xA9", 1), "");
  EXPECT_EQ(byte_ids("\xC3\xA9"
                     "b",
                     4),
            (std::vector<std::uint8_t>{2, 0xC3, 0xA9, 3}));
  EXPECT_THROW(byte_ids("a", 1), Error);
}

}  // namespace
}  // namespace welt
