// The memory layout of every struct of the ABI against tests/core/abi/layout.txt, and the type of every member against
// types.txt. An old line never changes: a struct grows at its end only, which adds lines (and another size line).
#include <gtest/gtest.h>
#include <welt/abi/plugin.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "core/base/file.h"
#include "tests/core/abi/layouts.h"

namespace welt::test {
namespace {

std::vector<std::string> header_lines(const std::filesystem::path& path) {
  std::istringstream text(read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(AbiLayout, EqualsTheGoldenFile) {
  std::set<std::string> golden;
  std::map<std::string, std::size_t> last_size;  // a struct that has grown has several size lines, ascending
  for (const std::string& line : header_lines(WELT_SOURCE_DIR "/tests/core/abi/layout.txt")) {
    if (line.empty() || line[0] == '#') continue;
    EXPECT_TRUE(golden.insert(line).second) << "twice: " << line;
    std::istringstream words(line);
    std::string name, what;
    std::size_t size = 0;
    if (words >> name >> what >> size && what == "size") {
      EXPECT_GT(size, last_size[name]) << name << " must not shrink";
      last_size[name] = size;
    }
  }
  std::set<std::string> old_lines = golden;
  std::string missing;
  for (const Layout& layout : layouts()) {
    std::vector<std::string> lines = {layout.name + " size " + std::to_string(layout.size)};
    for (const Member& member : layout.members) {
      lines.push_back(layout.name + "." + member.name + " offset " + std::to_string(member.offset) + " size " +
                      std::to_string(member.size));
    }
    for (const std::string& line : lines) {
      if (!golden.contains(line)) missing += line + "\n";
      old_lines.erase(line);
    }
    EXPECT_EQ(last_size[layout.name], layout.size) << layout.name << ": the last size line of the file";
  }
  EXPECT_EQ(missing, "") << "If these lines are new, add them to tests/core/abi/layout.txt; if they replace old ones, "
                            "plugins that are built already would break.";
  for (const std::string& line : old_lines) {
    EXPECT_EQ(line.find(" offset "), std::string::npos) << "an old line has no counterpart any more: " << line;
  }
}

// The same place with another meaning would be as bad as another place: uint32_t for float, two arguments swapped.
TEST(AbiLayout, TypesEqualTheGoldenFile) {
  std::set<std::string> golden,
      now = {"welt_plugin_entry_fn int (*)(welt_host const*, welt_plugin const**, welt_error*)"};
  static_assert(
      std::is_same_v<welt_plugin_entry_fn, std::int32_t (*)(const welt_host*, const welt_plugin**, welt_error*)>);
  for (const std::string& line : header_lines(WELT_SOURCE_DIR "/tests/core/abi/types.txt")) {
    if (line.empty() || line[0] == '#') continue;
    EXPECT_TRUE(golden.insert(line).second) << "twice: " << line;
  }
  for (const Layout& layout : layouts()) {
    for (const Member& member : layout.members) now.insert(layout.name + "." + member.name + " " + member.type);
  }
  for (const std::string& line : now) {
    EXPECT_TRUE(golden.contains(line)) << "not in tests/core/abi/types.txt: " << line;
  }
  for (const std::string& line : golden) EXPECT_TRUE(now.contains(line)) << "another type, or gone: " << line;
}

TEST(AbiLayout, StructsHaveNoHolesAndStartAsTheRulesSay) {
  for (const Layout& layout : layouts()) {
    std::size_t end = 0;
    for (const Member& member : layout.members) {
      EXPECT_EQ(member.offset, end) << layout.name << "." << member.name << ": a hole, or a member not listed here";
      end = member.offset + member.size;
    }
    EXPECT_EQ(end, layout.size) << layout.name << ": padding at the end, or a member not listed here";
    // Passed by value, or elements of an array: they never grow.
    if (std::set<std::string>{"welt_string", "welt_string_list", "welt_renderer_glyph"}.contains(layout.name)) continue;
    ASSERT_GE(layout.members.size(), 2u);
    EXPECT_EQ(layout.members[0].name, "struct_size") << layout.name;
    EXPECT_EQ(layout.members[1].name, "reserved") << layout.name;
  }
}

TEST(AbiLayout, KnowsEveryStructOfTheHeaders) {
  std::set<std::string> known;
  for (const Layout& layout : layouts()) known.insert(layout.name);
  const std::regex definition(R"(struct (welt_\w+) \{)");
  std::size_t found = 0;
  for (const auto& header : std::filesystem::directory_iterator(WELT_SOURCE_DIR "/core/abi/include/welt/abi")) {
    const std::string text = read_file(header.path());
    for (std::sregex_iterator at(text.begin(), text.end(), definition), end; at != end; ++at, ++found) {
      EXPECT_TRUE(known.contains((*at)[1])) << (*at)[1] << " of " << header.path() << " is not in this test's list";
    }
  }
  EXPECT_EQ(found, known.size());
}

}  // namespace
}  // namespace welt::test
