// Preparation as a library: limits kept, no document in two splits, the same bytes from any number of threads,
// resuming.
#include "core/prepare/prepare.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/file.h"
#include "core/prepare/shard_lines.h"
#include "core/prepare/verify.h"
#include "tests/core/data/gzip.h"
#include "tests/core/data/temporary_folder.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::map<std::string, std::string> files_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder))
    files[entry.path().filename().string()] = read_file(entry.path());
  return files;
}

struct Prepare : testing::Test {
  TemporaryFolder folder;
  PrepareOptions options;

  Prepare() {
    std::string text;
    for (int i = 0; i < 300; ++i) {
      std::string words;
      for (int j = 0; j <= i % 23; ++j) words += "w" + std::to_string(i * 31 + j * 7) + " ";
      text += json{{"text", words}, {"n", i}}.dump() + "\n";
    }
    options.dataset_name = folder.write("corpus.jsonl", text).string();
    options.language = "und";
    options.train_split_units = 2000;
    options.validation_split_units = 150;
    options.num_units_per_file = 100;
    options.max_seq_length = 5;
    options.output_path = (folder.path() / "out").string();
  }
  PrepareReport run() { return prepare_data(options, split_words); }
  fs::path file(const std::string& name) const { return fs::path(options.output_path) / name; }
};

TEST_F(Prepare, LimitsAreKeptAndNoDocumentIsInBothSplits) {
  options.id_column = "n";
  const PrepareReport report = run();
  ASSERT_EQ(report.splits.size(), 2u);
  EXPECT_LE(report.splits[0].units, options.train_split_units);
  EXPECT_LE(report.splits[1].units, options.validation_split_units);
  std::map<int, std::set<std::string>> splits;
  for (const auto& [name, content] : files_of(options.output_path)) {
    if (!name.ends_with(".gz")) continue;
    each_shard_line(file(name), [&](std::string_view line) {
      splits[json::parse(line)["id"]].insert(name.find("-train-") != std::string::npos ? "train" : "validation");
    });
  }
  EXPECT_FALSE(splits.empty());
  for (const auto& [id, names] : splits) EXPECT_EQ(names.size(), 1u) << id;
  EXPECT_TRUE(passes(verify_data({.folder = options.output_path, .deep = true, .split = split_words})));
}

TEST_F(Prepare, AnyNumberOfThreadsWritesTheSameBytes) {
  run();
  const auto one = files_of(options.output_path);
  options.output_path = (folder.path() / "many").string();
  options.workers = 7;
  run();
  EXPECT_EQ(files_of(options.output_path), one);
}

TEST_F(Prepare, ABrokenRunIsResumedToTheSameFiles) {
  run();
  const auto whole = files_of(options.output_path);
  options.output_path = (folder.path() / "broken").string();
  int documents = 0;
  const SplitFunction breaks = [&](std::string_view text, std::vector<std::uint64_t>& ends) {
    if (++documents > 120) throw Error("the power is gone");
    split_words(text, ends);
  };
  EXPECT_THROW(prepare_data(options, breaks), Error);
  EXPECT_FALSE(fs::exists(file("corpus-train-metadata.json")));
  EXPECT_NE(message_of([&] { run(); }).find("--resume goes on"), std::string::npos);
  options.resume = true;
  EXPECT_GT(run().resumed_rows, 0);
  EXPECT_EQ(files_of(options.output_path), whole);
  EXPECT_NE(message_of([&] { run(); }).find("that run is finished"), std::string::npos);
}

TEST_F(Prepare, AnUnfinishedRunOfOtherOptionsIsNotResumed) {
  int documents = 0;
  EXPECT_THROW(prepare_data(options,
                            [&](std::string_view text, std::vector<std::uint64_t>& ends) {
                              if (++documents > 120) throw Error("the power is gone");
                              split_words(text, ends);
                            }),
               Error);
  options.resume = true;
  options.seed = 7;
  EXPECT_NE(message_of([&] { run(); }).find("the unfinished run had another seed"), std::string::npos);
}

TEST_F(Prepare, AnEarlierRunIsInTheWayUnlessItIsToBeReplaced) {
  run();
  const auto before = files_of(options.output_path);
  EXPECT_NE(message_of([&] { run(); }).find("--overwrite replaces it"), std::string::npos);
  options.overwrite = true;
  options.train_split_units = 300;
  run();
  EXPECT_LT(files_of(options.output_path).size(), before.size());
  EXPECT_TRUE(passes(verify_data({.folder = options.output_path})));
}

TEST_F(Prepare, ADryRunWritesNothing) {
  options.dry_run = true;
  EXPECT_EQ(run().splits.size(), 2u);
  EXPECT_FALSE(fs::exists(options.output_path));
}

TEST_F(Prepare, DuplicatesAreLeftOut) {
  const std::string long_text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
  std::string nearly;
  for (int i = 0; i < 200; ++i) nearly += "word" + std::to_string(i) + " ";
  std::string text;
  for (const std::string& row : {long_text, std::string("other"), long_text, nearly, nearly + "end"})
    text += json{{"text", row}}.dump() + "\n";
  options.dataset_name = folder.write("twice.jsonl", text).string();
  options.max_seq_length.reset();
  options.dry_run = true;
  EXPECT_EQ(run().duplicates, 0);
  options.dedup = "exact";
  EXPECT_EQ(run().duplicates, 1);
  options.dedup = "near";
  EXPECT_EQ(run().duplicates, 2);
}

TEST_F(Prepare, BadRowsAreNamedOrLeftOut) {
  const std::map<std::string, std::string> rows{{"{\"text\": ", "bad.jsonl:2: not JSON"},
                                                {"{\"text\": 5}", "bad.jsonl:2: \"text\" is a JSON number"},
                                                {"{\"body\": \"x\"}", "no field \"text\"; there are: body"},
                                                {"{\"text\": \"\\ud83d\"}", "half of a surrogate pair"},
                                                {"{\"text\": \"\xFF\"}", "is not UTF-8"},
                                                {"[1]", "a JSON array"}};
  for (const auto& [row, message] : rows) {
    options.dataset_name = folder.write("bad.jsonl", "{\"text\": \"good\"}\n" + row + "\n{\"text\": null}\n").string();
    options.dry_run = true;
    options.on_invalid = "error";
    EXPECT_NE(message_of([&] { run(); }).find(message), std::string::npos) << message_of([&] { run(); });
    options.on_invalid = "skip";
    const PrepareReport report = run();
    EXPECT_EQ(report.invalid, 1) << row;
    EXPECT_EQ(report.empty, 1) << row;
    EXPECT_EQ(report.splits.at(0).examples, 1) << row;
  }
}

TEST_F(Prepare, DamagedSourcesStopTheRunWithoutAFileUnderItsName) {
  const std::string packed = gzip("{\"text\": \"a b c\"}\n");
  options.dataset_name = folder.write("cut.jsonl.gz", packed.substr(0, packed.size() - 5)).string();
  EXPECT_NE(message_of([&] { run(); }).find("cut.jsonl.gz: the compressed data ends too early"), std::string::npos);
  EXPECT_TRUE(files_of(options.output_path).empty());
}

TEST_F(Prepare, TablesAndTextsAreRead) {
  options.dry_run = true;
  options.validation_split_units = 0;
  options.dataset_name = folder.write("a.csv", "id,text\n1,\"a, \"\"b\"\"\nc\"\n2,\n3,d\n").string();
  EXPECT_EQ(run().splits.at(0).examples, 2);
  options.text_column = "body";
  EXPECT_NE(message_of([&] { run(); }).find("there are: id, text"), std::string::npos);
  options.text_column = "text";
  options.dataset_name = folder.write("a.tsv", "text\tid\nx y\t1\n").string();
  EXPECT_EQ(run().splits.at(0).units, 2);
  options.dataset_name = folder.write("a.txt", "one\n\ntwo\n").string();
  EXPECT_EQ(run().empty, 1);
  options.dataset_name = folder.write("a.json", "[{\"text\": \"x\"}, \"y z\"]").string();
  EXPECT_EQ(run().splits.at(0).examples, 2);
}

}  // namespace
}  // namespace welt::test
