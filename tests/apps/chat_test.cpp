// `welt chat`, as a user runs it.
#include <gtest/gtest.h>

#include "tests/apps/run_welt.h"
#include "tests/core/text/golden_lines.h"

namespace welt::test {
namespace {

using OrderedJson = nlohmann::ordered_json;

Outcome chat(const std::string& input, const std::vector<std::string>& arguments) {
  const TempFolder folder;
  std::ofstream(folder / "in", std::ios::binary) << input;
  std::vector<std::string> all = {"chat"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_welt(all, "<" + shell_quoted(folder / "in"));
}

std::vector<OrderedJson> chat_answers(const std::string& input,
                                      const std::vector<std::string>& arguments = {"--jsonl"}) {
  const Outcome outcome = chat(input, arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return json_lines<OrderedJson>(outcome.out);
}

TEST(ChatVerbParity, EqualsTheGoldens) {
  const auto rows = golden_lines("chat.jsonl");
  std::string input;
  for (const OrderedJson& row : rows)
    input += OrderedJson{{"messages", row["messages"]}, {"options", row["options"]}}.dump() + "\n";
  const auto recorded = chat_answers(input, {"--jsonl", "--reference-compatible"}), replies = chat_answers(input);
  ASSERT_EQ(recorded.size(), rows.size());
  ASSERT_EQ(replies.size(), rows.size());
  int different = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].contains("error")) {
      EXPECT_TRUE(recorded[i].contains("error") && replies[i].contains("error")) << rows[i];
      continue;
    }
    EXPECT_EQ(recorded[i]["text"], rows[i]["text"]);
    different += replies[i].at("text") != rows[i]["text"];
  }
  EXPECT_EQ(different, 1) << "only a list is not written as Python shows it";
}

TEST(ChatVerb, WritesPlainText) {
  EXPECT_EQ(chat("", {"Hi", "--system", "Be brief.", "--add-generation-prompt"}).out,
            "\x01system\n\x0E"
            "Be brief.\x0F\x17\n\x01user\n\x0EHi\x0F\x17\n\x01"
            "assistant\n");
  EXPECT_EQ(chat("a\x0f", {"--show", "--escape-control"}).out, "␁user\n␎a␏␏␗\n");
  EXPECT_EQ(chat("\xff", {}).status, 1);
}

TEST(ChatVerb, BadRequestsAreAnsweredByWhatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"({})", "messages"},
      {R"({"messages": "hi"})", "a list"},
      {R"({"messages": [{"role": "user", "content": "a"}], "options": {"tool": []}})", "the key \"tool\""},
      {R"({"messages": [{"role": "user", "content": "a"}], "options": {"tools": 5}})", "tools"},
      {R"({"messages": [{"role": "user", "content": "a"}], "options": {"thinking": "yes"}})", "true or false"},
      {R"({"messages": [{"content": "a"}]})", "messages[0].role: nothing"},
  };
  std::string input;
  for (const auto& [line, _] : cases) input += std::string(line) + "\n";
  const auto replies = chat_answers(input);
  ASSERT_EQ(replies.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i)
    EXPECT_NE(replies[i].at("error").get<std::string>().find(cases[i].second), std::string::npos) << replies[i];
}

}  // namespace
}  // namespace welt::test
