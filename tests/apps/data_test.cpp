// `welt data prepare` and `welt data verify` as a person runs them, against what the Python tools leave and say.
#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/prepare/shard_lines.h"
#include "tests/apps/run_welt.h"
#include "tests/core/data/gzip.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string data_goldens = std::string(WELT_TEST_DATA) + "/data";

std::vector<json> cases_of(const std::string& name) {
  std::vector<json> cases;
  std::ifstream lines(data_goldens + "/" + name);
  for (std::string line; std::getline(lines, line);) cases.push_back(json::parse(line));
  return cases;
}

json texts_of(const fs::path& folder) {
  json files = json::object();
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string text;
    if (entry.path().extension() == ".gz")
      each_shard_line(entry.path(), [&](std::string_view line) { text.append(line) += '\n'; });
    else
      text = slurp(entry.path());
    files[entry.path().filename().string()] = text;
  }
  return files;
}

std::vector<std::string> arguments_of(const json& options, const fs::path& output) {
  std::vector<std::string> arguments{"data", "prepare", "--reference-compatible", "--output_path", output.string()};
  for (const auto& [name, value] : options.items()) {
    arguments.push_back("--" + name);
    if (!value.is_boolean()) arguments.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return arguments;
}

TEST(DataPrepareParity, LeavesTheFilesOfThePythonTool) {
  const TempFolder folder;
  const bool wants_dictionaries = std::getenv("WELT_REQUIRE_DICTIONARIES") != nullptr;
  for (const json& row : cases_of("prepare.jsonl")) {
    const std::string name = row["name"];
    if (row.contains("dictionary") && !wants_dictionaries) {
      std::printf("%s: left out, it wants dictionaries (WELT_REQUIRE_DICTIONARIES=1)\n", name.c_str());
      continue;
    }
    const fs::path output = folder / name;
    bool fails = false;
    for (const json& run : row["runs"]) {
      const Outcome outcome =
          run_welt(arguments_of(run["options"], output), "cd " + shell_quoted(data_goldens) + " &&");
      EXPECT_EQ(outcome.status, run["status"]) << name << ": " << outcome.err;
      fails = fails || outcome.status != 0;
    }
    const json files = texts_of(output);
    if (!fails) {
      EXPECT_EQ(files, row["files"]) << name;
    }
    for (const auto& [file, text] : files.items()) EXPECT_EQ(text, row["files"].value(file, json())) << name;
  }
}

void write_files(const fs::path& folder, const json& row) {
  if (row["name"] != "no-folder") fs::create_directory(folder);
  const fs::path encoded = folder.string() + ".base64";
  for (const auto& [name, entry] : row["files"].items()) {
    if (entry.contains("base64")) {
      std::ofstream(encoded) << entry["base64"].get<std::string>();
      ASSERT_EQ(run_command("base64 -d " + shell_quoted(encoded) + " > " + shell_quoted(folder / name) + ".new && mv " +
                            shell_quoted(folder / name) + ".new " + shell_quoted(folder / name))
                    .status,
                0);
      continue;
    }
    std::string text = entry.value("text", "");
    if (entry.contains("lines")) {
      for (const json& line : entry["lines"]) text += line.get<std::string>() + "\n";
      text = gzip(text);
    }
    std::ofstream(folder / name, std::ios::binary) << text;
  }
}

TEST(DataVerifyParity, FindsWhatThePythonToolFinds) {
  const TempFolder folder;
  for (const json& row : cases_of("verify.jsonl")) {
    const std::string name = row["name"];
    write_files(folder / name, row);
    const Outcome outcome = run_welt({"data", "verify", "--data_path", (folder / name).string(), "--json"});
    const std::string wanted = row.contains("fixed") ? row["fixed"] : row["status"] == 0 ? "pass" : "fail";
    ASSERT_FALSE(outcome.out.empty()) << name << ": " << outcome.err;
    const json answer = json::parse(outcome.out);
    EXPECT_EQ(answer["status"], wanted) << name << ": " << outcome.out;
    EXPECT_EQ(outcome.status, wanted == "pass" ? 0 : 1) << name;
    if (row.contains("fixed") || row["outcome"] == "crash") continue;
    json said = json::array();
    for (const json& finding : answer["findings"]) {
      json fact = finding["numbers"];
      fact["level"] = finding["level"];
      fact["check"] = finding["check"];
      if (!finding["label"].is_null()) fact["label"] = finding["label"];
      said.push_back(fact);
    }
    EXPECT_EQ(said, row["said"]) << name;
  }
}

}  // namespace
}  // namespace welt::test
