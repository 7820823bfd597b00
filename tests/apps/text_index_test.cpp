// `welt text index`, `search`, `dedup --near`, `cluster --k auto`, `split --by` and `map` as a user runs them, with a
// small embedding made here.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "core/base/safetensors.h"
#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::vector<std::string> words = {"[UNK]", "river",  "stone", "boat",  "paper", "a",
                                        "the",   "engine", "oil",   "smoke", "bread", "salt"};

class TextIndexVerb : public testing::Test {
 protected:
  TextIndexVerb() {
    json vocabulary;
    for (std::size_t i = 0; i < words.size(); ++i) vocabulary[words[i]] = i;
    folder_.put("model/tokenizer.json",
                json{{"model", {{"type", "WordLevel"}, {"vocab", vocabulary}, {"unk_token", "[UNK]"}}},
                     {"pre_tokenizer", {{"type", "Whitespace"}}}}
                    .dump());
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> values(words.size() * 64);
    for (float& value : values) value = normal(random);
    write_safetensors(model(),
                      {{"embedding.weight", "F32", {static_cast<std::int64_t>(words.size()), 64}, values.data()}});
    std::string lines;
    for (std::size_t i = 1; i < words.size(); ++i)
      for (std::size_t k = 1; k < words.size(); ++k) lines += words[i] + " the " + words[k] + "\n";
    folder_.put("lines.txt", lines);
  }
  fs::path model() const { return folder_ / "model/model.safetensors"; }
  std::string index() const { return folder_ / "notes.index"; }

  Outcome run(std::vector<std::string> arguments, const std::string& before = "") const {
    arguments.insert(arguments.begin(), "text");
    return run_welt(arguments, before);
  }
  std::string good(const std::vector<std::string>& arguments, const std::string& before = "") const {
    const Outcome outcome = run(arguments, before);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }
  void refused(const std::vector<std::string>& arguments, const std::string& why) const {
    const Outcome outcome = run(arguments);
    EXPECT_TRUE(outcome.status == 1 || outcome.status == 2) << outcome.status;
    EXPECT_EQ(outcome.err.rfind("welt: ", 0), 0u) << outcome.err;
    EXPECT_NE(outcome.err.find(why), std::string::npos) << outcome.err;
  }
  std::string file(const std::string& name) const { return folder_ / name; }

  TempFolder folder_;
};

TEST_F(TextIndexVerb, ASearchFindsWhatTopkFindsInAllTexts) {
  const std::string lines = slurp(file("lines.txt"));
  const std::size_t half = lines.find('\n', lines.size() / 2) + 1;
  folder_.put("first.txt", lines.substr(0, half));
  folder_.put("second.txt", lines.substr(half));
  EXPECT_EQ(good({"index", "build", index(), "--model", model(), "--file", file("first.txt")}),
            std::to_string(std::count(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(half), '\n')) +
                " texts added, " +
                std::to_string(std::count(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(half), '\n')) +
                " in the index\n");
  EXPECT_NE(good({"index", "add", index()}, "cat " + shell_quoted(file("second.txt")) + " |").find("121 in the index"),
            std::string::npos);
  for (const std::string query : {"paper boat", "oil of an engine", "salt the salt", ""}) {
    EXPECT_EQ(good({"search", index(), query, "--k", "6"}),
              good({"topk", query, "--k", "6", "--model", model(), "--file", file("lines.txt")}))
        << query;
  }
  EXPECT_EQ(good({"search", index(), "river", "--k", "0"}), "");
  EXPECT_NE(good({"index", "info", index()}).find("121 texts in 1 segments"), std::string::npos);
  const std::string answers = good({"search", index(), "--jsonl", "--k", "2"},
                                   "printf '%s\\n' '{\"query\": \"river the river\"}' '{\"query\": 3}' |");
  const json first = json::parse(answers.substr(0, answers.find('\n')));
  EXPECT_EQ(first["texts"][0], "river the river");
  EXPECT_EQ(first["index"][0], 0);
  EXPECT_EQ(first["scores"].size(), 2u);
  EXPECT_TRUE(json::parse(answers.substr(answers.find('\n') + 1)).contains("error"));
}

TEST_F(TextIndexVerb, WhatCannotBeIsSaidAndChangesNothing) {
  good({"index", "build", index(), "--model", model(), "river", "stone"});
  refused({"index", "build", index(), "--model", model(), "boat"}, "welt text index add");
  refused({"index", "add", file("nowhere"), "boat"}, "welt text index build");
  refused({"search", file("nowhere"), "boat"}, "no index of texts");
  refused({"search", index()}, "QUERY");
  refused({"search", index(), "boat", "--k", "-1"}, "-1");
  refused({"index", "add", index(), "boat", "\xFF"}, "not UTF-8");
  fs::copy(folder_ / "model", folder_ / "other");
  std::vector<float> values(words.size() * 64, 0.5F);
  write_safetensors(folder_ / "other/model.safetensors",
                    {{"embedding.weight", "F32", {static_cast<std::int64_t>(words.size()), 64}, values.data()}});
  refused({"index", "add", index(), "boat", "--model", file("other")}, "other vectors");
  refused({"search", index(), "boat", "--model", file("other")}, "other vectors");
  EXPECT_NE(good({"index", "info", index()}).find("2 texts"), std::string::npos);
}

class TextIndexVerbSlow : public TextIndexVerb {};

// Whenever a writer is killed, the index is the one before or the one after, and the next writer goes on.
TEST_F(TextIndexVerbSlow, AKillLeavesTheIndexBeforeOrAfter) {
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += words[1 + static_cast<std::size_t>(i) % 11] + " boat\n";
  folder_.put("many.txt", many);
  good({"index", "build", index(), "--model", model(), "river", "stone"});
  std::size_t texts = 2, kills = 0;
  for (const char* seconds : {"0.002", "0.01", "0.02", "0.03", "0.05", "0.08", "0.12"}) {
    const Outcome outcome =
        run({"index", "add", index(), "--file", file("many.txt")}, "timeout -s KILL " + std::string(seconds));
    kills += outcome.status == 0 ? 0 : 1;
    const std::string info = good({"index", "info", index()});
    const std::size_t found = std::stoul(info);
    EXPECT_TRUE(found == texts || found == texts + 20'000) << info;
    EXPECT_TRUE(outcome.status != 0 || found == texts + 20'000);
    texts = found;
    EXPECT_TRUE(good({"search", index(), "stone", "--k", "1"}).ends_with("\tstone\n"));
  }
  EXPECT_GT(kills, 0u);
  good({"index", "add", index(), "salt"});
  EXPECT_EQ(std::stoul(good({"index", "info", index()})), texts + 1);
  std::size_t segments = 0;
  for (const auto& each : fs::directory_iterator(index()))
    segments += each.path().extension() == ".safetensors" ? 1 : 0;
  EXPECT_LE(segments, 1 + texts / 65'536);
}

TEST_F(TextIndexVerb, DamagedFilesAreRefused) {
  good({"index", "build", index(), "--model", model(), "river", "stone"});
  const std::string segment = index() + "/segment-000001.safetensors", whole = slurp(segment);
  folder_.put("notes.index/segment-000001.safetensors", whole.substr(0, whole.size() / 2));
  refused({"search", index(), "river"}, "segment-000001.safetensors");
  refused({"index", "add", index(), "river"}, "segment-000001.safetensors");
  folder_.put("notes.index/manifest.json", "{}");
  refused({"search", index(), "river"}, "manifest.json");
}

TEST_F(TextIndexVerb, NearDuplicatesGroupsChunksAndOptionsThatDoNotGoTogether) {
  const std::vector<std::string> texts = {"dedup", "--model", model(),          "--threshold",
                                          "0.8",   "--file",  file("lines.txt")};
  std::vector<std::string> near = texts;
  near.push_back("--near");
  EXPECT_EQ(good(near), good(texts));
  near.push_back("--binary");
  refused(near, "--near");
  near.back() = "--reference-compatible";
  refused(near, "--near");
  near.back() = "--recall=2";
  refused(near, "recall");

  const Outcome chosen = run({"cluster", "--model", model(), "--k", "auto", "river boat", "boat river", "oil engine",
                              "engine oil", "river boat boat", "oil engine engine"});
  EXPECT_EQ(chosen.status, 0) << chosen.err;
  EXPECT_NE(chosen.err.find("welt: k 2, silhouette 0."), std::string::npos) << chosen.err;
  refused({"cluster", "--k", "many", "a"}, "--k");
  const std::string groups =
      good({"cluster", "--model", model(), "--k", "3", "--mini-batch", "50", "--file", file("lines.txt")});
  EXPECT_EQ(std::ranges::count(groups, '\n'), 121);

  const std::string chunks = good({"split", "--model", model(), "--by", "tokens", "--target-size", "3", "--overlap",
                                   "1", "river stone boat paper oil"});
  EXPECT_EQ(chunks,
            "{\"bytes\":17,\"offset\":0,\"text\":\"river stone boat \"}\n"
            "{\"bytes\":14,\"offset\":12,\"text\":\"boat paper oil\"}\n");
  refused({"split", "--model", model(), "--overlap", "1", "a"}, "--by");
  refused({"split", "--model", model(), "--by", "tokens", "--reference-compatible", "a"}, "--by");
}

TEST_F(TextIndexVerb, MapsArePicturesAndPagesThatHoldEveryText) {
  for (const char* method : {"pca", "neighbours"}) {
    EXPECT_EQ(good({"map", "--model", model(), "--method", method, "--file", file("lines.txt"), "--out",
                    file("map.png"), "--html", file("map.html"), "--size", "300", "paper </script> boat"}),
              "");
    EXPECT_EQ(slurp(file("map.png")).substr(0, 8), "\x89PNG\r\n\x1A\n");
    const std::string page = slurp(file("map.html"));
    EXPECT_NE(page.find("river the stone"), std::string::npos);
    EXPECT_EQ(page.find("paper </script>"), std::string::npos);
    const std::size_t begin = page.find("const map = ") + 12;
    const json map = json::parse(page.substr(begin, page.find(";\n", begin) - begin));
    EXPECT_EQ(map["text"].size(), 122u);
    EXPECT_EQ(map["text"][0], "paper </script> boat");
    for (const char* axis : {"x", "y"})
      for (const double value : map[axis]) EXPECT_TRUE(value >= 0 && value <= 1) << value;
  }
  good({"map", "--model", model(), "--html", file("one.html"), "alone"});
  refused({"map", "--model", model(), "alone"}, "--html");
  refused({"map", "--model", model(), "--html", file("no.html"), "--file", "/dev/null"}, "no texts");
}

}  // namespace
}  // namespace welt::test
