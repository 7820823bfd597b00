// Versions of plugins, and the ranges of them that a recipe asks for. Any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/registry.h"

namespace welt {

// MAJOR[.MINOR[.PATCH]][-PRERELEASE][+BUILD], numbers that are left out being 0. The order is that of Semantic
// Versioning 2.0.0, section 11: 1.2.0-rc.1 comes before 1.2.0, and what follows a + does not count.
class Version {
 public:
  // None: `text` is no version.
  static std::optional<Version> parse(std::string_view text);

  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }

 private:
  std::array<std::uint64_t, 3> numbers_{};
  std::vector<std::string> prerelease_;  // its parts between dots; empty: a release
};

// Comparisons with commas between them, all of which must hold: ">=0.2, <1". Operators: = != < <= > >=.
class VersionRange {
 public:
  // Throws Error, beginning with `where`, when `text` is no range.
  VersionRange(std::string_view text, std::string_view where);

  bool holds(const Version& version) const;

 private:
  enum class Operator : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };
  struct Comparison {
    Operator op;
    Version with;
  };
  static std::optional<Comparison> parse(std::string_view text);

  std::vector<Comparison> comparisons_;
};

// Throws Error, beginning with `where`, unless the plugin's version is in the range. An empty range is any version.
void check_version(const Plugin& plugin, std::string_view range, std::string_view where);

}  // namespace welt
