// What `welt data verify --deep` finds beside the counts: each kind of damage alone, in data that is whole otherwise.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/prepare/verify.h"
#include "tests/core/data/gzip.h"
#include "tests/core/data/temporary_folder.h"

namespace welt::test {
namespace {

using nlohmann::json;

struct VerifyDeep : testing::Test {
  TemporaryFolder folder;
  std::map<std::string, std::vector<std::string>> lines;  // of each split
  std::map<std::string, json> metadata;
  std::string second = "00000001";  // number of the second shard

  static std::string line(const std::string& text) {
    return json{{"text", text}, {"language", "eng_Latn"}}.dump() + "\n";
  }
  VerifyDeep() {
    for (const std::string split : {"train", "validation"}) {
      for (int i = 0; i < 4; ++i) {
        std::string text;
        for (int word = 0; word < 20; ++word) text += split + std::to_string(100 * i + word) + " ";
        lines[split].push_back(line(text));
      }
      metadata[split] = {{"format", "welt-preprocessed-v1"},
                         {"unit_type", "words"},
                         {"source_dataset", "d"},
                         {"source_config", nullptr},
                         {"source_split", "train"},
                         {"max_seq_length", 20},
                         {"split", split},
                         {"created_with_another_split", true},
                         {"num_examples", 4},
                         {"total_units", 80},
                         {"num_shards", 2}};
    }
  }
  void write() {
    for (const auto& [split, all] : lines) {
      folder.write("d-" + split + "-00000000.jsonl.gz", gzip(all[0] + all[1]));
      folder.write("d-" + split + "-" + second + ".jsonl.gz", gzip(all[2] + all[3]));
      folder.write("d-" + split + "-metadata.json", metadata[split].dump());
    }
  }
  // The check and the message of everything that is not right.
  std::vector<std::string> faults() {
    write();
    return found();
  }
  std::vector<std::string> found() const {
    const auto split = [](std::string_view text, std::vector<std::uint64_t>& ends) {
      for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == ' ') ends.push_back(i + 1);
    };
    std::vector<std::string> out;
    for (const Finding& finding : verify_data({.folder = folder.path(), .deep = true, .split = split}))
      if (finding.level == "FAIL" || finding.level == "WARN")
        out.push_back(finding.level + " " + finding.label + " " + finding.check + ": " + finding.message);
    return out;
  }
  void expect_one(const std::string& start) {
    const std::vector<std::string> found = faults();
    ASSERT_EQ(found.size(), 1U) << json(found).dump(1);
    EXPECT_EQ(found[0].substr(0, start.size()), start);
  }
};

TEST_F(VerifyDeep, WholeDataHasNoFault) { EXPECT_EQ(faults(), std::vector<std::string>()); }
TEST_F(VerifyDeep, ALineThatIsNoObjectIsNamed) {
  lines["train"][2] = "not JSON\n";
  metadata["train"]["total_units"] = 60;
  expect_one("FAIL d/train lines: 1 of 4 lines are no JSON object with text and language, the first d-train-00000001");
}
TEST_F(VerifyDeep, ALineWithoutLanguageIsNamed) {
  lines["train"][1] = json{{"text", "a b "}}.dump() + "\n";
  metadata["train"]["total_units"] = 60;
  expect_one("FAIL d/train lines: 1 of 4");
}
TEST_F(VerifyDeep, WrongUnitsAreSaid) {
  metadata["train"]["total_units"] = 81;
  expect_one("FAIL d/train units: Expected 81 units, found 80");
}
TEST_F(VerifyDeep, AnotherFormatIsSaid) {
  metadata["train"]["format"] = "v9";
  expect_one("FAIL d/train metadata: \"format\" is \"v9\"");
}
TEST_F(VerifyDeep, ExamplesBeyondTheLimitAreNamed) {
  metadata["train"]["max_seq_length"] = 19;
  expect_one("FAIL d/train limits: 4 examples are longer than max_seq_length, the first d-train-00000000");
}
TEST_F(VerifyDeep, GapsInTheNumbersAreSaid) {
  second = "00000007";
  const std::vector<std::string> found = faults();
  ASSERT_EQ(found.size(), 2U);  // of either split
  EXPECT_EQ(found[0],
            "WARN d/train shards: d-train-00000007.jsonl.gz stands where d-train-00000001.jsonl.gz should be");
}
TEST_F(VerifyDeep, TheSameTextTwiceIsSaid) {
  lines["train"][3] = lines["train"][0];
  expect_one("WARN d/train duplicates: 1 examples");
}
TEST_F(VerifyDeep, ATextInBothSplitsIsSaid) {
  lines["validation"][0] = lines["train"][0];
  expect_one("FAIL d overlap: Of 4 validation examples 1 are in train");
}
TEST_F(VerifyDeep, NearlyTheSameTextInBothIsSaid) {
  std::string text = json::parse(lines["train"][0])["text"];
  text.replace(text.rfind("train"), 5, "other");
  lines["validation"][0] = line(text);
  expect_one("WARN d overlap: Of 4 validation examples 0 are in train, and 1 nearly so");
}
TEST_F(VerifyDeep, AShardOfNoDataSetIsSaid) {
  folder.write("e-train-00000000.jsonl.gz", gzip(line("a ")));
  expect_one("WARN e-train-00000000.jsonl.gz shards: belongs to no metadata file");
}

// docs/data.md, "What the check finds": each damage to the files of whole data, and the start of what is said of it.
TEST_F(VerifyDeep, EveryDamageOfTheTableIsSaid) {
  const std::string shard = "d-train-00000001.jsonl.gz", metadata_file = "d-train-metadata.json";
  const std::string packed = gzip(lines["train"][2] + lines["train"][3]);
  const auto put = [&](const std::string& name, const std::string& content) {
    return [this, name, content] { folder.write(name, content); };
  };
  const auto changed = [&](const char* field, const json& value) {
    json other = metadata["train"];
    other[field] = value;
    return put(metadata_file, other.dump());
  };
  const auto lacking = [&](const char* field) {
    json other = metadata["train"];
    other.erase(field);
    return put(metadata_file, other.dump());
  };
  std::string turned = packed;
  turned[turned.size() - 6] ^= 1;  // of the checksum
  const std::string half = R"({"text": "\ud83d alone ", "language": "x"})"
                           "\n";
  struct Damage {
    const char* name;
    std::function<void()> make;
    const char* said;
  };
  const std::vector<Damage> all{
      {"a shard missing", [&] { std::filesystem::remove(folder.path() / shard); },
       "FAIL d/train shards: Expected 2 shards, found 1"},
      {"a shard too many", put("d-train-00000002.jsonl.gz", packed), "FAIL d/train shards: Expected 2 shards, found 3"},
      {"a line missing", put(shard, gzip(lines["train"][2])), "FAIL d/train examples: Expected 4 examples, found 3"},
      {"a line too many", put(shard, packed + packed), "FAIL d/train examples: Expected 4 examples, found 6"},
      {"gzip cut off", put(shard, packed.substr(0, packed.size() - 9)), "FAIL d/train examples: "},
      {"an empty file", put(shard, ""), "FAIL d/train examples: "},
      {"another checksum", put(shard, turned), "FAIL d/train examples: "},
      {"no gzip", put(shard, lines["train"][2]), "FAIL d/train examples: "},
      {"garbage behind it", put(shard, packed + "garbage"), "FAIL d/train examples: "},
      {"text that is not UTF-8", put(shard, gzip("{\"text\": \"a\xFF\", \"language\": \"x\"}\n")),
       "FAIL d/train examples: "},
      {"metadata that are no JSON", put(metadata_file, "{"), "FAIL d-train-metadata.json metadata: "},
      {"metadata that are a list", put(metadata_file, "[]"), "FAIL d-train-metadata.json metadata: "},
      {"no split", lacking("split"), "FAIL d-train-metadata.json metadata: d-train-metadata.json: lacks \"split\""},
      {"no number of shards", lacking("num_shards"),
       "FAIL d-train-metadata.json metadata: d-train-metadata.json: lacks \"num_shards\""},
      {"a number that is a text", changed("num_examples", "4"),
       "FAIL d-train-metadata.json metadata: d-train-metadata.json: \"num_examples\" is"},
      {"no source", lacking("source_dataset"), "FAIL d metadata: a metadata file lacks \"source_dataset\""},
      {"splits made apart", changed("created_with_another_split", false),
       "WARN d overlap: Train and validation are of one source"},
      {"half a surrogate pair", put(shard, gzip(half + lines["train"][3])), "FAIL d/train lines: 1 of 4 lines"},
      {"an empty text", put(shard, gzip(line("") + lines["train"][3])), "FAIL d/train lines: 1 of 4 lines"},
      {"a text that is a number", put(shard, gzip("{\"text\": 1, \"language\": \"x\"}\n" + lines["train"][3])),
       "FAIL d/train lines: 1 of 4 lines"},
      {"a language that is null", put(shard, gzip("{\"text\": \"a \", \"language\": null}\n" + lines["train"][3])),
       "FAIL d/train lines: 1 of 4 lines"},
      {"words counted as characters", changed("unit_type", "chars"), "FAIL d/train units: Expected 80 units, found "},
  };
  for (const Damage& damage : all) {
    write();
    damage.make();
    const std::vector<std::string> said = found();
    EXPECT_TRUE(std::ranges::any_of(said, [&](const std::string& fault) { return fault.starts_with(damage.said); }))
        << damage.name << ": " << json(said).dump(1);
    std::filesystem::remove(folder.path() / "d-train-00000002.jsonl.gz");
  }
  EXPECT_EQ(faults(), std::vector<std::string>()) << "whole again";
}

TEST_F(VerifyDeep, AFolderWithoutMetadataIsNotWhole) {
  write();
  for (const char* split : {"train", "validation"})
    std::filesystem::remove(folder.path() / (std::string("d-") + split + "-metadata.json"));
  const std::vector<std::string> said = found();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(said[0].starts_with("FAIL  metadata: No *-metadata.json in ")) << said[0];
}

}  // namespace
}  // namespace welt::test
