// `welt generate --chat`, --interactive, messages in --jsonl, and --draft, as a user runs them. Model:
// tests/goldens/welt/bytes-only, which has learnt four sentences and no chat: what is tested is what goes in and out.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

using Json = nlohmann::json;

const std::string model = std::string(WELT_TEST_DATA) + "/welt/bytes-only";

Outcome generate(const std::vector<std::string>& more, const std::string& input = "") {
  const TempFolder folder;
  std::ofstream(folder / "in", std::ios::binary) << input;
  std::vector<std::string> all{"generate", model, "--words", "3"};
  all.insert(all.end(), more.begin(), more.end());
  return run_welt(all, "<" + shell_quoted(folder / "in"));
}

// What is written behind a text, as a line of --json.
Json behind(const std::string& prompt) {
  const Outcome outcome = generate({"--json", "--prompt", prompt});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return Json::parse(outcome.out);
}

TEST(GenerateChat, APromptIsTheUsersMessageOfTheTemplate) {
  const std::string whole =
      "\x01system\n\x0e"
      "Be brief.\x0f\x17\n\x01user\n\x0ethe cat\x0f\x17\n\x01"
      "assistant\n";
  const Outcome outcome = generate({"--chat", "--system", "Be brief.", "--prompt", "the cat", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json line = Json::parse(outcome.out);
  EXPECT_EQ(line.at("prompt"), "the cat");
  EXPECT_EQ(line.at("text"), behind(whole).at("text"));
  EXPECT_EQ(line.at("message").at("role"), "assistant");
  EXPECT_EQ(line.at("message").at("content"), line.at("text"));
}

TEST(GenerateChat, TheRecipesFormHasNoLineEnds) {
  const Outcome outcome = generate({"--chat", "--chat-form", "recipe", "--prompt", "the cat", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out).at("text"), behind("\x01user\x0ethe cat\x0f\x17\x01"
                                                        "assistant")
                                                     .at("text"));
}

TEST(GenerateChat, LinesOfMessagesAreAnsweredByMessages) {
  const Json messages = Json::parse(R"([{"role": "user", "content": "the cat"}, {"role": "assistant", "content": "sat"},
                                        {"role": "user", "content": "on a"}])");
  const Json one{{"messages", messages}}, both{{"messages", messages}, {"prompts", Json::array({"a"})}},
      two{{"messages", Json::array({messages, Json::array({messages[0]})})}, {"max_generated_words", 2}},
      none{{"messages", Json::array()}}, odd{{"messages", 3}};
  const Outcome outcome = generate(
      {"--jsonl"}, one.dump() + "\n" + two.dump() + "\n" + both.dump() + "\n" + none.dump() + "\n" + odd.dump() + "\n");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  std::vector<Json> replies;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) replies.push_back(Json::parse(line));
  ASSERT_EQ(replies.size(), 5U);
  const std::string whole =
      "\x01user\n\x0ethe cat\x0f\x17\n\x01"
      "assistant\nsat\x17\n\x01user\n\x0eon a\x0f\x17\n\x01"
      "assistant\n";
  EXPECT_EQ(replies[0].at("texts").at(0), behind(whole).at("text"));
  EXPECT_EQ(replies[0].at("messages").at(0).at("content"), replies[0].at("texts").at(0));
  EXPECT_EQ(replies[1].at("messages").size(), 2U);
  EXPECT_CONTAINS(replies[2].at("error").get<std::string>(), "one of the two");
  for (const std::size_t bad : {3U, 4U})
    EXPECT_CONTAINS(replies[bad].at("error").get<std::string>(), "a list of one message or more");
}

TEST(GenerateInteractive, EachLineIsAnsweredAndTheEndOfInputLeaves) {
  const Outcome outcome = generate({"--interactive"}, "the cat \n\n\xff\non a \n");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, behind("the cat ").at("text").get<std::string>() + "\n" +
                             behind("on a ").at("text").get<std::string>() + "\n");
  EXPECT_CONTAINS(outcome.err, "UTF-8");
  EXPECT_EQ(generate({"--interactive"}).status, 0);
}

TEST(GenerateInteractive, AConversationRemembersUntilANewOne) {
  const Outcome outcome = generate({"--interactive", "--chat"}, "the cat\non a\n/new\nthe cat\n");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  std::vector<std::string> answers;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) answers.push_back(line);
  ASSERT_EQ(answers.size(), 3U) << outcome.out;
  EXPECT_EQ(answers[0], answers[2]);
  const Json messages{{{"role", "user"}, {"content", "the cat"}},
                      {{"role", "assistant"}, {"content", answers[0]}},
                      {{"role", "user"}, {"content", "on a"}}};
  const Outcome whole = generate({"--jsonl"}, Json{{"messages", messages}}.dump() + "\n");
  EXPECT_EQ(answers[1], Json::parse(whole.out).at("messages").at(0).at("content")) << whole.out;
}

TEST(GenerateInteractive, NoOtherPromptsBesideIt) {
  const Outcome outcome = generate({"--interactive", "--prompt", "a"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_CONTAINS(outcome.err, "--prompt");
}

// While the model is loaded an interrupt ends the program.
bool catches_interrupts(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("SigCgt:")) return (std::stoull(line.substr(7), nullptr, 16) & (1U << (SIGINT - 1))) != 0;
  return false;
}

// A search so wide that its answer would take minutes.
TEST(GenerateInteractiveSlow, AnInterruptEndsTheAnswerNotTheProgram) {
  int input[2], output[2];
  ASSERT_EQ(::pipe(input), 0);
  ASSERT_EQ(::pipe(output), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(input[0], STDIN_FILENO);
    ::dup2(output[1], STDOUT_FILENO);
    for (const int end : {input[0], input[1], output[0], output[1]}) ::close(end);
    ::execl(WELT_BINARY, WELT_BINARY, "generate", model.c_str(), "--interactive", "--word-beams", "64", "--beams", "64",
            "--words", "25", "--min-bytes", "1", nullptr);
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(output[1]);
  const auto answer = [&](const std::string& line) {
    EXPECT_EQ(::write(input[1], line.data(), line.size()), std::ssize(line));
    std::string text;
    for (char byte = 0; byte != '\n';) {
      pollfd readable{.fd = output[0], .events = POLLIN, .revents = 0};
      if (::poll(&readable, 1, /*milliseconds=*/1000) > 0) {
        if (::read(output[0], &byte, 1) != 1) break;
        text += byte;
      } else if (catches_interrupts(child)) {  // one that comes before the answer has begun is for nothing
        ::kill(child, SIGINT);
      }
    }
    return text;
  };
  EXPECT_TRUE(answer("the cat \n").ends_with('\n'));
  EXPECT_TRUE(answer("on a \n").ends_with('\n'));
  ::close(input[1]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  ::close(output[0]);
}

TEST(GenerateDraft, AModelThatGuessesChangesNoTextAndShowsWhatItSaved) {
  const std::vector<std::string> prompts{"--prompt", "the cat ", "--prompt", "on a "};
  std::vector<std::string> drafted = prompts;
  for (const std::string& more : {std::string("--draft"), model, std::string("--statistics")}) drafted.push_back(more);
  const Outcome plain = generate(prompts), guessed = generate(drafted);
  ASSERT_EQ(plain.status, 0) << plain.err;
  ASSERT_EQ(guessed.status, 0) << guessed.err;
  EXPECT_EQ(guessed.out, plain.out);
  EXPECT_CONTAINS(guessed.err, "words guessed");
  EXPECT_EQ(generate({"--prompt", "a ", "--draft", "/nowhere"}).status, 1);
  EXPECT_CONTAINS(generate({"--prompt", "a ", "--speculate", "4", "--beams", "2"}).err, "speculate");
}

}  // namespace
}  // namespace welt::test
