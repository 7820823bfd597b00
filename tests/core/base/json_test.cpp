// core/base/json: what nlohmann's parser and writer do with foreign text that nobody wants.
#include "core/base/json.h"

#include <gtest/gtest.h>

#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

using namespace std::string_literals;
using nlohmann::json;
using test::error_of;
using test::TempFolder;

TEST(ParseJson, ANulWasTheEndOfTheText) {
  const std::string text = "{\"a\":1}\0{\"b\":2}"s;
  EXPECT_CONTAINS(error_of([&] { parse_json(text); }), "byte 7 is NUL");
  EXPECT_CONTAINS(error_of([&] { parse_json("{\"a\":\"x\0y\"}"s); }), "is NUL");
  EXPECT_EQ(parse_json("{\"a\":\"x\\u0000y\"}")["a"], "x\0y"s);
}

TEST(ParseJson, RefusesWhatIsNoJsonAndWhatIsTooDeep) {
  EXPECT_CONTAINS(error_of([] { parse_json("{\"a\":"); }), "not JSON");
  EXPECT_CONTAINS(error_of([] { parse_json("NaN"); }), "not JSON");  // a request; files of others go another way
  EXPECT_CONTAINS(error_of([] { parse_json(std::string(100000, '[')); }), "levels deep");
  EXPECT_EQ(parse_json<nlohmann::ordered_json>("{\"b\":1,\"a\":2}").begin().key(), "b");
}

TEST(ReadJsonObject, InfinityInAKeyThatNobodyReadsCalledTheFileDamaged) {
  const TempFolder folder;
  const auto path = folder.put("config.json", R"({"unused": Infinity, "list": [-Infinity, NaN, 1e999, -1e400, 1e-999],
                                                  "text": "NaN, \"Infinity", "number": -1.5e3, "zero": 0, "e": 1E5})");
  const json read = read_json_object(path, 1 << 20);
  EXPECT_EQ(read["unused"], "Infinity");  // who wants a number is shown this
  EXPECT_EQ(read["list"], (json{"-Infinity", "NaN", "1e999", "-1e400", 0.0}));
  EXPECT_EQ(read["text"], "NaN, \"Infinity");
  EXPECT_EQ(read["number"], -1500.0);
  EXPECT_EQ(read["e"], 1e5);
  EXPECT_EQ(without_odd_numbers("[NaN,\"NaN\\\"\",-Infinity]", OddNumber::null), "[null,\"NaN\\\"\",null]");
}

TEST(ReadJsonObject, SaysWhatTheFileIsInstead) {
  const TempFolder folder;
  const auto refusal = [&](std::string_view content) {
    return error_of([&] { read_json_object(folder.put("config.json", content), 1 << 20); });
  };
  EXPECT_CONTAINS(refusal("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"), "git lfs pull");
  EXPECT_CONTAINS(refusal("\n<!DOCTYPE html><html>"), "an HTML page");
  EXPECT_CONTAINS(refusal("\xFF\xFE{\0}\0"s), "UTF-16");
  EXPECT_CONTAINS(refusal("{\0}\0 \0 \0"s), "UTF-16");
  EXPECT_CONTAINS(refusal("{}\0{}"s), "is NUL");
  EXPECT_CONTAINS(refusal("[]"), "expected an object");
  EXPECT_CONTAINS(error_of([&] { read_json_object(folder / "absent.json", 9); }), "absent.json");
}

TEST(JsonText, APathThatIsNotUtf8ThrewTypeError316) {
  EXPECT_EQ(json_text(json{{"path", "p\xFF/x"}}), "{\"path\":\"p\xEF\xBF\xBD/x\"}");
  EXPECT_EQ(json_text(nlohmann::ordered_json{{"a", 1}}, 2), "{\n  \"a\": 1\n}");
}

TEST(ScriptText, HoldsNoTagAndTakesNoTime) {
  EXPECT_EQ(script_text("{\"a\": \"</script>\"}"), "{\"a\": \"\\u003c/script>\"}");
  EXPECT_EQ(script_text(std::string(4 << 20, '<')).size(), std::size_t{6} * (4 << 20));  // quadratic, it took minutes
}

}  // namespace
}  // namespace welt
