// `welt text` as a user runs it: beside recorded answers of the package wordllama, on lines, files and arguments, and
// on what cannot be answered. Without the weights that scripts/setup.sh fetches these are skipped (with
// WELT_REQUIRE_WORDLLAMA a failure).
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class TextVerb : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path weights =
        fs::path(WELT_BINARY).parent_path().parent_path() / "wordllama/l2_supercat_256.safetensors";
    if (fs::exists(weights)) return;
    const std::string missing = "no " + weights.string() + ": scripts/setup.sh fetches it";
    if (is_set("WELT_REQUIRE_WORDLLAMA")) FAIL() << missing << ", and WELT_REQUIRE_WORDLLAMA is set";
    GTEST_SKIP() << missing;
  }

  // The answers to lines.
  static std::vector<json> answers(const std::string& verb, const std::vector<json>& lines, int status = 0,
                                   std::vector<std::string> more = {}) {
    std::string input;
    for (const json& line : lines) input += line.dump() + "\n";
    more.insert(more.begin(), {"text", verb, "--jsonl"});
    const Outcome outcome = run_welt(more, "printf %s " + shell_quoted(input) + " |");
    EXPECT_EQ(outcome.status, status) << outcome.err;
    std::istringstream out(outcome.out);
    std::vector<json> all;
    for (std::string line; std::getline(out, line);) all.push_back(json::parse(line));
    EXPECT_EQ(all.size(), lines.size());
    return all;
  }
  static std::string text(std::vector<std::string> arguments, const std::string& before = "") {
    arguments.insert(arguments.begin(), "text");
    const Outcome outcome = run_welt(arguments, before);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }

  TempFolder folder_;
};

class TextVerbParity : public TextVerb {};

TEST_F(TextVerbParity, AnswersAreThoseOfThePackage) {
  const Outcome outcome = run_command("python3 " + shell_quoted(WELT_SOURCE_DIR "/scripts/check_wordllama.py") + " " +
                                      shell_quoted(WELT_BINARY) + " " + shell_quoted(WELT_TEST_DATA "/wordllama"));
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  for (const char* file : {"tokenize ", "embed ", "similarity ", "rank ", "topk ", "filter ", "deduplicate, reference ",
                           "cluster ", "kmeans_matrix ", "split ", "key "})
    EXPECT_TRUE(outcome.out.starts_with(file) || outcome.out.find(std::string("\n") + file) != std::string::npos)
        << file;
}

// The quick start of the package's own README, with the figures that it prints.
TEST_F(TextVerbParity, TheQuickStart) {
  EXPECT_NEAR(std::stod(text({"similarity", "i went to the car", "i went to the pawn shop"})), 0.06641249096796882,
              1e-6);
  std::istringstream ranked(text({"rank", "i went to the car", "i went to the park", "i went to the shop",
                                  "i went to the truck", "i went to the vehicle"}));
  const std::vector<std::pair<double, std::string>> wanted = {{0.7441646856486314, "i went to the vehicle"},
                                                              {0.2832691551894259, "i went to the truck"},
                                                              {0.19732814982305436, "i went to the shop"},
                                                              {0.15101404519322253, "i went to the park"}};
  for (const auto& [score, doc] : wanted) {
    std::string line;
    std::getline(ranked, line);
    EXPECT_NEAR(std::stod(line), score, 1e-6);
    EXPECT_EQ(line.substr(line.find('\t') + 1), doc);
  }
}

TEST_F(TextVerb, TextsComeFromArgumentsFilesFoldersAndStandardInput) {
  folder_.put("docs/a.txt", "river stones\npaper boats\n");
  folder_.put("docs/b/c.txt", "river stones\nan engine");
  const std::string wanted = "river stones\npaper boats\nan engine\n";
  EXPECT_EQ(text({"dedup", "river stones", "paper boats", "river stones", "an engine"}), wanted);
  EXPECT_EQ(text({"dedup", "--file", folder_ / "docs"}), wanted);
  EXPECT_EQ(text({"dedup"},
                 "cat " + shell_quoted(folder_ / "docs/a.txt") + " " + shell_quoted(folder_ / "docs/b/c.txt") + " |"),
            wanted);
  EXPECT_EQ(text({"dedup", "--indices", "--file", folder_ / "docs"}), "2\n");
  EXPECT_EQ(text({"topk", "stones in a river", "--k", "1", "--file", folder_ / "docs/a.txt"}).find("0."), 0u);
  EXPECT_EQ(text({"filter", "a boat of paper", "--threshold", "0.3", "--file", folder_ / "docs/a.txt"}),
            "paper boats\n");
  const std::string score = text({"similarity", "a boat of paper", "paper boats"});
  EXPECT_EQ(text({"key", "a boat of paper", "paper boats"}), score.substr(0, score.size() - 1) + "\tpaper boats\n");
}

TEST_F(TextVerb, VectorsGoToFilesThatNumpyAndOthersRead) {
  const std::string npy = folder_ / "v.npy", csv = folder_ / "v.csv", tensors = folder_ / "v.safetensors";
  for (const std::string& file : {npy, csv, tensors})
    EXPECT_EQ(text({"embed", "--dim", "64", "one", "two", "three", "--out", file}), "");
  EXPECT_EQ(fs::file_size(npy), 128u + 3 * 64 * 4);
  const std::string numbers = slurp(csv);
  EXPECT_EQ(std::ranges::count(numbers, '\n'), 3);
  EXPECT_EQ(std::ranges::count(numbers, ','), 3 * 63);
  EXPECT_EQ(numbers, text({"embed", "--dim", "64", "one", "two", "three"}));
  EXPECT_EQ(slurp(tensors).substr(slurp(tensors).size() - 768), slurp(npy).substr(128));
  const Outcome other = run_welt({"text", "embed", "one", "--out", folder_ / "v.txt"});
  EXPECT_EQ(other.status, 1);
  EXPECT_NE(other.err.find("FILE.npy"), std::string::npos) << other.err;
}

TEST_F(TextVerb, EachLineIsAnsweredInOrderErrorsToo) {
  const std::vector<json> two = {"river stones", "paper boats"};
  const auto found = answers("rank", {{{"query", "q"}, {"docs", {"only"}}},
                                      {{"query", "q"}, {"docs", json::array()}},
                                      {{"query", 3}, {"docs", two}},
                                      {{"query", "q"}, {"docs", two}, {"dim", 999}},
                                      {{"query", ""}, {"docs", two}}});
  EXPECT_EQ(found[0]["order"], json({0}));
  EXPECT_EQ(found[1], json({{"order", json::array()}, {"scores", json::array()}}));
  EXPECT_TRUE(found[2].contains("error") && found[3].contains("error"));
  EXPECT_EQ(found[4]["scores"], json({0.0, 0.0}));
  EXPECT_EQ(answers("topk", {{{"query", "q"}, {"docs", two}, {"k", 9}}})[0]["index"].size(), 2u);
  EXPECT_EQ(answers("filter", {{{"query", "river"}, {"docs", {"river stones"}}, {"threshold", 0.1}}})[0]["index"],
            json({0}));
  EXPECT_EQ(answers("dedup", {{{"docs", json::array()}}, {{"docs", {"", ""}}}})[0]["drop"], json::array());
  EXPECT_EQ(answers("cluster", {{{"docs", {"river stones", "paper boats", "river stones", "paper boats"}},
                                 {"k", 2},
                                 {"random_state", 0}}})[0]["labels"],
            json({0, 1, 0, 1}));
  for (const json& line :
       answers("cluster", {{{"docs", two}, {"k", 3}},
                           {{"docs", two}, {"k", 1}, {"binary", true}},
                           {{"docs", two}, {"k", 1}, {"random_state", -1}},
                           {{"docs", two}, {"k", 1}, {"min_iterations", std::numeric_limits<std::int64_t>::min()}}}))
    EXPECT_TRUE(line.contains("error")) << line;
  EXPECT_TRUE(answers("filter", {{{"query", "q"}, {"docs", two}}}, 0, {"--threshold", "nan"})[0].contains("error"));
  const auto split = answers("split", {{{"text", ""}},
                                       {{"text", " \n \n"}},
                                       {{"text", "a"}, {"window_size", 4}},
                                       {{"text", "a"}, {"target_size", 50}},
                                       {{"text", "a"}, {"poly_order", 1}}});
  EXPECT_EQ(split[0]["chunks"], json::array());
  EXPECT_EQ(split[1]["chunks"], json::array());
  for (std::size_t i = 2; i < 5; ++i) EXPECT_TRUE(split[i].contains("error")) << split[i];
}

TEST_F(TextVerb, LinesTakeWhatTheyDoNotSayFromTheCommandLine) {
  const json docs = {"river stones", "paper boats", "river stones", "paper boats"};
  EXPECT_EQ(answers("cluster", {{{"docs", docs}}}, 0, {"--k", "2"})[0]["labels"], json({0, 1, 0, 1}));
  EXPECT_TRUE(answers("cluster", {{{"docs", docs}}})[0].contains("error")) << "eight of four";
  EXPECT_EQ(answers("cluster", {{{"docs", docs}}}, 0, {"--k", "auto"})[0]["labels"].size(), 4u);
  EXPECT_EQ(answers("cluster", {{{"docs", docs}, {"k", 2}}}, 0, {"--k", "9", "--mini-batch", "2"})[0]["labels"].size(),
            4u);
  EXPECT_TRUE(answers("cluster", {{{"docs", docs}, {"k", 2}, {"mini_batch", -1}}})[0].contains("error"));
  const json text = {{"text", "one two three four"}};
  const std::vector<std::string> windows = {"--by", "characters", "--target-size", "10", "--overlap", "4"};
  const json split = answers("split", {text}, 0, windows)[0];
  EXPECT_EQ(split["chunks"], json({"one two ", "two three ", "four"}));
  EXPECT_EQ(split["offsets"], json({0, 4, 14}));
  json own = text;
  own.update({{"by", "bytes"}, {"target_size", 9}, {"overlap", 0}});
  EXPECT_EQ(answers("split", {own}, 0, windows)[0]["chunks"], json({"one two ", "three ", "four"}));
  json bad = text;
  bad["by"] = "words";
  json without = text;
  without["overlap"] = 3;
  for (const json& line : answers("split", {bad, without})) EXPECT_TRUE(line.contains("error")) << line;
}

TEST_F(TextVerb, ChunksPutTogetherAreTheFile) {
  std::string book;
  for (int i = 0; i < 300; ++i) book += "Line " + std::to_string(i) + " of a book. It goes on, é and so on!\r\n\n";
  folder_.put("book.txt", book);
  std::istringstream lines(text({"split", "--target-size", "400", "--file", folder_ / "book.txt"}));
  std::string together;
  for (std::string line; std::getline(lines, line);) {
    const json chunk = json::parse(line);
    EXPECT_EQ(chunk["offset"], together.size());
    EXPECT_LE(chunk["text"].get<std::string>().size(), 440u);
    together += chunk["text"];
  }
  EXPECT_EQ(together, book);
}

TEST_F(TextVerb, WhatCannotBeIsSaidInOneParagraph) {
  const std::vector<std::vector<std::string>> cases = {{"similarity", "a"},
                                                       {"similarity", "a", "b", "--model", "/nowhere"},
                                                       {"similarity", "a", "b", "--dim", "1000"},
                                                       {"similarity", "a", "b", "--binary", "--dim", "100"},
                                                       {"cluster", "a", "--k", "2"},
                                                       {"cluster", "a", "--k", "1", "--binary"},
                                                       {"topk", "a", "b", "--k", "-1"},
                                                       {"filter", "a", "b", "--threshold", "nan"},
                                                       {"dedup", "a", "--batch-size", "-1"},
                                                       {"split", "--target-size", "10", "a"},
                                                       {"embed", "\xFF"},
                                                       {"nothing"}};
  for (std::vector<std::string> arguments : cases) {
    arguments.insert(arguments.begin(), "text");
    const Outcome outcome = run_welt(arguments);
    EXPECT_TRUE(outcome.status == 1 || outcome.status == 2) << arguments[1] << outcome.status;
    EXPECT_EQ(outcome.err.rfind("welt: ", 0), 0u) << outcome.err;
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
  }
}

// The program without LibTorch answers `text`; every other verb is the whole program's.
TEST_F(TextVerb, NeedsNoLibTorch) {
  const Outcome loaded = run_welt({"text", "similarity", "a", "b"}, "LD_DEBUG=files");
  EXPECT_EQ(loaded.status, 0);
  EXPECT_EQ(loaded.err.find("libtorch"), std::string::npos);
  EXPECT_NE(run_welt({"--help"}).out.find("\n  text "), std::string::npos);
}

// LibTorch would be most of the memory that it tells of.
TEST_F(TextVerb, ItsBenchmarkNeedsNoLibTorchEither) {
  const fs::path file = folder_.put("some.txt", "And God said, Let there be light: and there was light.");
  const Outcome timed =
      run_welt({"bench", "text-embedding", "--file", file.string(), "--repeats", "1", "--json"}, "LD_DEBUG=files");
  EXPECT_EQ(timed.status, 0) << timed.err.substr(timed.err.size() - std::min<std::size_t>(timed.err.size(), 500));
  EXPECT_EQ(timed.err.find("libtorch"), std::string::npos);
  const json told = json::parse(timed.out);
  EXPECT_GT(told["seconds"]["dedup 8192"], 0.0);
  EXPECT_GT(told["peak_memory_bytes"], 100'000'000);  // of 5,000 x 5,000 scores
  EXPECT_NE(run_welt({"bench", "--help"}).out.find("\n  text-embedding "), std::string::npos);
}

}  // namespace
}  // namespace welt::test
