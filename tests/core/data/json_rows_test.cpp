#include "core/data/json_rows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace welt {
namespace {

using namespace std::string_literals;

std::string row_text(std::string_view row) {
  const JsonRow read = read_json_row(row, "text");
  EXPECT_EQ(read.fault, RowFault::none) << row << ": " << read.found;
  EXPECT_FALSE(read.replaced) << row;
  return read.text;
}

TEST(JsonRow, TheFieldOfTheOutermostObject) {
  EXPECT_EQ(row_text(R"({"text":"ok"})"), "ok");
  EXPECT_EQ(row_text(R"( {"a":{"text":"inner"},"te\u0078t":"caf\u00e9 \ud83d\ude00\n","b":[{"text":1}]} )"),
            "café 😀\n");
  EXPECT_EQ(row_text(R"({"text":1,"text":"last"})"), "last");
  EXPECT_EQ(row_text(R"({"text":""})"), "");
}

// The quick way, of rows that hold strings alone, says what the parser says.
TEST(JsonRow, RowsOfStringsAreReadAsTheParserReadsThem) {
  for (const std::string_view row : {R"({"text": "a\"b\\c\/d\b\f\n\r\te", "language": "eng_Latn"})",
                                     "\t{ \"id\":\"1\" ,\"text\" :\"caf\u00e9\"}\r\n",
                                     R"({"text":"first","text":"last"})", R"({"":"","text":"{\"text\":\"inner\"}"})"})
    EXPECT_EQ(row_text(row), nlohmann::json::parse(row)["text"].get<std::string>()) << row;
  for (const std::string_view row :
       {"{\"text\":\"a\",}", "{\"text\":\"a\" \"b\":\"c\"}", "{\"text\":\"a\"}}", "{\"text\":\"a\nb\"}",
        "{\"text\":\"a\\x\"}", "{\"text\":\"a\\\"}", "{\"text\" \"a\"}", "{,\"text\":\"a\"}"})
    EXPECT_EQ(read_json_row(row, "text").fault, RowFault::not_json) << row;
}

TEST(JsonRow, WhatNobodyReadsStoppedTheRun) {
  EXPECT_EQ(row_text(R"({"text":"fine","score":NaN})"), "fine");
  EXPECT_EQ(row_text(R"({"score":[-Infinity,1e999],"text":"NaN"})"), "NaN");
  EXPECT_EQ(row_text(R"({"text":"fine","title":"x\ud83d"})"), "fine");
  EXPECT_EQ(row_text("{\"title\":\"x\xFF\",\"text\":\"fine\"}"), "fine");
}

TEST(JsonRow, HalvesOfPairsInTheTextBecomeReplacementCharacters) {
  const auto replaced = [](std::string_view row) {
    const JsonRow read = read_json_row(row, "text");
    EXPECT_TRUE(read.replaced) << row;
    return read.text;
  };
  EXPECT_EQ(replaced(R"({"text":"caf\ud83d"})"), "caf\uFFFD");
  EXPECT_EQ(replaced(R"({"text":"\udcb2 x"})"), "\uFFFD x");
  EXPECT_EQ(replaced(R"({"text":"a\ude00\ud83db\ud83d\ude00"})"), "a\uFFFD\uFFFDb😀");
  EXPECT_EQ(replaced(R"({"text":"\uD83D\\ude00"})"), "\uFFFD\\ude00");
  EXPECT_EQ(replaced("{\"text\":\"b\xFF\",\"x\":NaN}"), "b\uFFFD");
}

TEST(JsonRow, SaysWhatIsThereInPlaceOfAText) {
  const auto fault = [](std::string_view row) {
    const JsonRow read = read_json_row(row, "text");
    return std::pair(read.fault, read.found);
  };
  EXPECT_EQ(fault(R"({"text":null})"), std::pair(RowFault::not_text, "null"s));
  EXPECT_EQ(fault(R"({"text":["a","b"]})"), std::pair(RowFault::not_text, "array"s));
  EXPECT_EQ(fault(R"({"text":{"text":"x"}})"), std::pair(RowFault::not_text, "object"s));
  EXPECT_EQ(fault(R"({"text":NaN})").first, RowFault::not_text);
  EXPECT_EQ(fault(R"({"text":"ok","text":3})"), std::pair(RowFault::not_text, "number"s));
  EXPECT_EQ(fault("{}").first, RowFault::no_field);
  EXPECT_EQ(fault("[]"), std::pair(RowFault::not_object, "array"s));
  EXPECT_EQ(fault("\"plain\""), std::pair(RowFault::not_object, "string"s));
  EXPECT_EQ(fault("[{\"text\":\"x\"}]").first, RowFault::not_object);
  for (const auto& row : {"{"s, "{}{}"s, "{\"text\":\"a\"} x"s, std::string(100'000, '['), "{\"text\":\"\\\xFF\"}"s,
                          "{\"text\":\"first\"}\0{\"text\":\"lost\"}"s, "{NaN:1}"s, ""s})
    EXPECT_EQ(fault(row).first, RowFault::not_json) << row.substr(0, 30);
  EXPECT_EQ(json_row_fields(R"({"a":NaN,"b":{"c":1},"d":"\ud800"})"), (std::vector<std::string>{"a", "b", "d"}));
}

TEST(JsonElements, AreThoseOfTheOutermostArray) {
  std::vector<std::string> found;
  const auto each = [&](std::string_view text) {
    found.clear();
    return each_json_element(text, [&](std::string_view element, std::size_t) { found.emplace_back(element); });
  };
  EXPECT_EQ(each("[{\"a\":\"],\\\"\"},\n [1,[2]] ,3]\n"), "");
  EXPECT_EQ(found, (std::vector<std::string>{"{\"a\":\"],\\\"\"}", "[1,[2]] ", "3"}));
  EXPECT_EQ(each("[ ]"), "");
  EXPECT_TRUE(found.empty());
  for (const char* wrong : {"[", "[1", "[1,", "[\"a]", "[1,]", "[,1]", "[1}", "[1] 2", "[{]", "[[1]"})
    EXPECT_NE(each(wrong), "") << wrong;
}

}  // namespace
}  // namespace welt
