// The value of every constant of the ABI's headers against constants.txt; and that no value is used for two things.
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.h"

namespace welt::test {
namespace {

using Constants = std::map<std::string, std::string>;  // WELT_… → the literal, without a suffix

// Macros that are no constants: marks for readers, and what the headers are written with.
const std::set<std::string> other_macros = {"WELT_BORROW",   "WELT_GIVE",          "WELT_KEEP",
                                            "WELT_NULLABLE", "WELT_STATIC_ASSERT", "WELT_ALIGNOF",
                                            "WELT_EXTERN_C", "WELT_CHECK_STRUCT",  "WELT_HAS"};

// The constants that a header defines. `odd` gets the names of macros that are neither constants nor known otherwise.
Constants constants_of(const std::string& header, std::vector<std::string>& odd) {
  static const std::regex line(R"(#define (\w+)(\(?)[^\S\n]*([^\n]*))"),
      literal(R"re((\d+)u?\s*(/\*.*)?|("[^"]*")\s*)re");
  Constants constants;
  for (std::sregex_iterator at(header.begin(), header.end(), line), end; at != end; ++at) {
    const std::string name = (*at)[1], value = (*at)[3];
    std::smatch parts;
    if (name.ends_with("_H") || other_macros.contains(name)) continue;
    if ((*at)[2].length() == 0 && std::regex_match(value, parts, literal)) {
      constants[name] = parts[1].matched ? parts[1] : parts[3];
    } else {
      odd.push_back(name);
    }
  }
  return constants;
}

std::string number_problem(std::string_view section, const std::string& name, const std::string& value) {
  std::uint32_t number = 0;
  const auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (status != std::errc() || end != value.data() + value.size()) return name + " is no 32-bit number";
  if (number == 0 && name != "WELT_OK") return name + " is 0, which is invalid or absent everywhere";
  if (section.starts_with("flags") && !std::has_single_bit(number)) return name + " is not one bit";
  return {};
}

// "welt.decoder/1": nothing that says how finished it is, and a revision.
std::string id_problem(const std::string& name, const std::string& value) {
  static const std::regex id("\"welt\\.[a-z_]+/[1-9][0-9]*\""), state("draft|beta|alpha|experimental|preview|unstable");
  if (!std::regex_match(value, id)) return name + " is " + value + "; expected \"welt.<name>/<revision>\"";
  return std::regex_search(value, state) ? name + " says in its id how finished it is" : "";
}

// Everything that is wrong with `now` beside the golden file.
std::vector<std::string> problems_of(const std::string& golden, const Constants& now) {
  std::vector<std::string> problems;
  std::set<std::string> known;
  std::map<std::string, std::string> value_owner;  // within a section
  std::string section;
  std::istringstream lines(golden);
  const auto note = [&](std::string problem) {
    if (!problem.empty()) problems.push_back(std::move(problem));
  };
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '[') {
      section = line.substr(1, line.size() - 2);
      value_owner.clear();
      continue;
    }
    const bool retired = line.starts_with("retired ");
    if (retired) line.erase(0, 8);
    const std::string name = line.substr(0, line.find(' ')), value = line.substr(name.size() + 1);
    if (!known.insert(name).second) note(name + " is listed twice");
    const auto [owner, first] = value_owner.emplace(value, name);
    if (!first) note(name + " has the value of " + owner->second);
    const auto found = now.find(name);
    if (retired) {
      if (found != now.end()) note(name + " was given up and is back");
      continue;
    }
    if (found == now.end()) {
      note(name + " is gone; where that is meant, write \"retired\" before its line");
    } else if (found->second != value) {
      note(name + " was " + value + " and is now " + found->second);
    }
    if (section == "ids") note(id_problem(name, value));
    if (value[0] != '"') note(number_problem(section, name, value));
  }
  for (const auto& [name, value] : now) {
    if (!known.contains(name)) note(name + " is not in tests/core/abi/constants.txt");
  }
  return problems;
}

TEST(AbiConstants, EqualTheGoldenFile) {
  Constants now;
  std::vector<std::string> odd;
  for (const auto& header : std::filesystem::directory_iterator(WELT_SOURCE_DIR "/core/abi/include/welt/abi")) {
    for (const auto& [name, value] : constants_of(read_file(header.path()), odd)) {
      EXPECT_TRUE(now.emplace(name, value).second) << name << " is defined twice";
    }
  }
  EXPECT_TRUE(odd.empty()) << "no plain literal: " << odd.front();
  EXPECT_EQ(now.erase("WELT_ABI_MAJOR"), 1U);  // these two are there to change
  EXPECT_EQ(now.erase("WELT_ABI_MINOR"), 1U);
  EXPECT_GT(now.size(), 80U);
  for (const std::string& problem : problems_of(read_file(WELT_SOURCE_DIR "/tests/core/abi/constants.txt"), now)) {
    ADD_FAILURE() << problem;
  }
}

TEST(AbiConstants, EveryForbiddenChangeIsFound) {
  const std::string golden =
      "# a comment\n[ids]\nWELT_A \"welt.a/1\"\n\n[kind]\nWELT_K 1\nretired WELT_L 2\n[flags f]\nWELT_F 4\n";
  const Constants good = {{"WELT_A", "\"welt.a/1\""}, {"WELT_K", "1"}, {"WELT_F", "4"}};
  EXPECT_EQ(problems_of(golden, good), std::vector<std::string>());
  const auto one = [&](const std::string& added_line, Constants changed) {
    const std::vector<std::string> found = problems_of(golden + added_line, changed);
    return found.size() == 1 ? found.front() : std::to_string(found.size()) + " problems";
  };
  const auto with = [&](const std::string& name, const std::string& value) {
    Constants changed = good;
    changed[name] = value;
    return changed;
  };
  EXPECT_EQ(one("", with("WELT_K", "3")), "WELT_K was 1 and is now 3");
  EXPECT_EQ(one("", with("WELT_NEW", "3")), "WELT_NEW is not in tests/core/abi/constants.txt");
  EXPECT_EQ(one("", with("WELT_L", "2")), "WELT_L was given up and is back");
  EXPECT_EQ(one("", {{"WELT_A", "\"welt.a/1\""}, {"WELT_K", "1"}}),
            "WELT_F is gone; where that is meant, write \"retired\" before its line");
  EXPECT_EQ(one("WELT_G 4\n", with("WELT_G", "4")), "WELT_G has the value of WELT_F");
  EXPECT_EQ(one("WELT_G 3\n", with("WELT_G", "3")), "WELT_G is not one bit");
  EXPECT_EQ(one("WELT_G 0\n", with("WELT_G", "0")), "WELT_G is 0, which is invalid or absent everywhere");
  EXPECT_EQ(one("[kind]\nretired WELT_L 2\n", good), "WELT_L is listed twice");
  EXPECT_EQ(one("[k]\nretired WELT_M 2\nWELT_N 2\n", with("WELT_N", "2")), "WELT_N has the value of WELT_M");
  EXPECT_EQ(one("[ids]\nWELT_B \"welt.beta_b/1\"\n", with("WELT_B", "\"welt.beta_b/1\"")),
            "WELT_B says in its id how finished it is");
}

TEST(AbiConstants, AMacroThatIsNoLiteralIsFound) {
  std::vector<std::string> odd;
  const Constants constants = constants_of(
      "#define WELT_X_H\n#define WELT_A 7u /* why */\n#define WELT_B (1u << 2)\n#define WELT_C(x) x\n#define WELT_D\n",
      odd);
  EXPECT_EQ(constants, (Constants{{"WELT_A", "7"}}));
  EXPECT_EQ(odd, (std::vector<std::string>{"WELT_B", "WELT_C", "WELT_D"}));
}

}  // namespace
}  // namespace welt::test
