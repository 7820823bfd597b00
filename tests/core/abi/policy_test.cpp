// docs/abi-policy.md names the test behind each of its sentences: these tests exist.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "core/base/file.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

const fs::path source_tree = WELT_SOURCE_DIR;

void add_matches(std::set<std::string>& names, const std::string& text, const std::regex& pattern) {
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
    names.insert(match->str(1) + "." + match->str(2));
}

// "Suite.Test" of every GoogleTest, and the conformance tests that docs/conformance.md lists (another test compares
// that list with the program's).
std::set<std::string> known_tests() {
  static const std::regex google(R"(TEST(?:_F|_P)?\((\w+), (\w+)\))"), conformance(R"(\| `(\w+)\.(\w+)` \|)");
  std::set<std::string> names;
  for (const char* folder : {"core", "sdk", "apps", "static_plugins"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(source_tree / "tests" / folder))
      if (entry.path().extension() == ".cpp") add_matches(names, read_file(entry.path()), google);
  }
  add_matches(names, read_file(source_tree / "docs/conformance.md"), conformance);
  return names;
}

TEST(AbiPolicy, EveryTestThatItNamesExists) {
  const std::set<std::string> tests = known_tests();
  const std::string page = read_file(source_tree / "docs/abi-policy.md");
  const auto table = page.find("| sentence | test |");
  ASSERT_NE(table, page.npos);
  static const std::regex name(R"(`([A-Za-z_]+\.[A-Za-z_]+)`)");
  std::size_t count = 0;
  std::string line;
  for (std::size_t at = table; at < page.size(); at += line.size() + 1) {
    line = page.substr(at, page.find('\n', at) - at);
    if (!line.starts_with('|')) break;
    if (at == table || line.starts_with("| ---")) continue;
    const std::string cell = line.substr(line.rfind('|', line.size() - 2));
    const std::size_t before = count;
    for (std::sregex_iterator match(cell.begin(), cell.end(), name), end; match != end; ++match, ++count)
      EXPECT_TRUE(tests.contains(match->str(1))) << match->str(1) << " is behind: " << line;
    EXPECT_GT(count, before) << "no test is behind: " << line;
  }
  EXPECT_GT(count, 50U);
}

}  // namespace
}  // namespace welt
