// The table of arguments in docs/data.md, read from the page: every argument's command runs as it stands there, and
// does something else without the argument; and the table has the arguments that --help has.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;

struct ArgumentRow {
  std::vector<std::string> names;  // "--seed"
  std::string command;             // what stands behind `welt data prepare`
};

std::vector<std::string> code_spans(const std::string& cell) {
  std::vector<std::string> spans;
  for (std::size_t at = 0; (at = cell.find('`', at)) != std::string::npos;) {
    const std::size_t end = std::min(cell.find('`', at + 1), cell.size());
    spans.push_back(cell.substr(at + 1, end - at - 1));
    at = std::min(end + 1, cell.size());
  }
  return spans;
}

std::vector<ArgumentRow> argument_table() {
  std::ifstream page(std::string(WELT_SOURCE_DIR) + "/docs/data.md");
  std::vector<ArgumentRow> rows;
  bool inside = false;
  for (std::string line; std::getline(page, line) && !(inside && line.empty());) {
    if (inside && line.starts_with("| `--")) {
      const std::size_t last = line.rfind('|', line.size() - 2);
      const std::vector<std::string> commands = code_spans(line.substr(last));
      rows.push_back(
          {code_spans(line.substr(0, line.find('|', 1))), commands.empty() ? std::string() : commands.front()});
    }
    inside = inside || line.starts_with("| argument |");
  }
  return rows;
}

// With its value, if it has one.
std::regex argument_pattern(const std::string& name) {
  return std::regex(" ?" + std::regex_replace(name, std::regex("_"), "[-_]") + "( '[^']*'| [^- ][^ ]*)?");
}

std::string without_argument(const std::string& command, const std::string& name) {
  return std::regex_replace(command, argument_pattern(name), "");
}

// As the page says: in the folder of the data sets, completed where something is missing.
Outcome prepare_as_written(std::string command, const fs::path& out) {
  if (!has(command, "--language")) command += " --language und";
  if (!has(command, "--output_path")) command += " --output_path OUT";
  command = std::regex_replace(command, std::regex("\\bOUT\\b"), shell_quoted(out));
  return run_command("cd " + shell_quoted(std::string(WELT_TEST_DATA) + "/data") + " && " + shell_quoted(WELT_BINARY) +
                     " data prepare " + command);
}

using NamedFiles = std::map<std::string, std::string>;

NamedFiles all_files(const fs::path& folder) {
  NamedFiles files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = slurp(entry.path());
  return files;
}

TEST(DataArgumentsSlow, EachCommandOfTheTableRunsAndItsArgumentsHaveTheirEffect) {
  // Their effect is on a run that there was already; and workers are to have none.
  const std::set<std::string> of_second_run{"--resume", "--overwrite"};
  const TempFolder folder;
  int number = 0;
  for (const ArgumentRow& row : argument_table()) {
    SCOPED_TRACE(row.command);
    ASSERT_FALSE(row.command.empty()) << row.names.front() << " has no command";
    const fs::path out = folder / std::to_string(number++);
    const Outcome outcome = prepare_as_written(row.command, out);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const NamedFiles files = all_files(out);
    EXPECT_EQ(files.empty(), has(row.command, "--dry-run"));
    for (const std::string& name : row.names) {
      EXPECT_TRUE(std::regex_search(row.command, argument_pattern(name))) << name << " is not in its command";
      if (of_second_run.contains(name)) continue;
      const fs::path other = folder / std::to_string(number++);
      const Outcome without = prepare_as_written(without_argument(row.command, name), other);
      const bool is_same = without.status == 0 && without.out == outcome.out && all_files(other) == files;
      EXPECT_EQ(is_same, name == "--workers") << name << "\n" << without.out << without.err;
    }
  }
  EXPECT_GT(number, 40);
}

TEST(DataArgumentsSlow, ResumeAndOverwriteMeetAnEarlierRun) {
  const TempFolder folder;
  for (const ArgumentRow& row : argument_table()) {
    const std::string name = row.names.front();
    if (name != "--resume" && name != "--overwrite") continue;
    const std::string plain = without_argument(row.command, name);
    ASSERT_NE(plain, row.command);
    const fs::path out = folder / name;
    ASSERT_EQ(prepare_as_written(plain, out).status, 0);
    const NamedFiles files = all_files(out);
    const Outcome refused = prepare_as_written(plain, out), outcome = prepare_as_written(row.command, out);
    EXPECT_EQ(refused.status, 1);
    EXPECT_CONTAINS(refused.err, "--overwrite replaces it");
    EXPECT_EQ(outcome.status, name == "--resume" ? 1 : 0) << outcome.err;
    if (name == "--resume") {
      EXPECT_CONTAINS(outcome.err, "that run is finished");
    }
    EXPECT_EQ(all_files(out), files);
  }
}

TEST(DataArgumentsSlow, TheTableHasTheArgumentsOfTheHelp) {
  std::set<std::string> told, helped;
  for (const ArgumentRow& row : argument_table()) told.insert(row.names.begin(), row.names.end());
  std::istringstream help(run_welt({"data", "prepare", "--help"}).out);
  for (std::string line; std::getline(help, line);)
    if (line.starts_with("  --")) helped.insert(line.substr(2, line.find_first_of(", ", 2) - 2));
  EXPECT_EQ(told, helped);
}

}  // namespace
}  // namespace welt::test
