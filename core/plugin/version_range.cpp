// See version_range.h.
#include "core/plugin/version_range.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/error.h"

namespace welt {
namespace {

constexpr std::string_view digits = "0123456789";

bool is_number(std::string_view text) { return !text.empty() && text.find_first_not_of(digits) == text.npos; }

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// What is before the first `mark`; `rest` is what is behind it, none without one.
std::string_view cut(std::string_view text, char mark, std::optional<std::string_view>& rest) {
  const auto at = text.find(mark);
  rest = at == text.npos ? std::nullopt : std::optional(text.substr(at + 1));
  return text.substr(0, at);
}

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  for (std::optional<std::string_view> rest = text; rest;) {
    const std::string_view now = *rest;
    parts.push_back(cut(now, mark, rest));
  }
  return parts;
}

// Parts between the dots of a prerelease or a build: letters, digits and hyphens.
bool is_identifier(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

// Numbers by value and before all else; the rest by ASCII.
std::strong_ordering compare_parts(std::string_view a, std::string_view b) {
  if (!is_number(a) || !is_number(b)) {
    if (is_number(a) != is_number(b)) return is_number(a) ? std::strong_ordering::less : std::strong_ordering::greater;
    return a.compare(b) <=> 0;
  }
  const auto value = [](std::string_view text) {
    return text.substr(std::min(text.find_first_not_of('0'), text.size() - 1));
  };
  const std::string_view x = value(a), y = value(b);
  return x.size() != y.size() ? x.size() <=> y.size() : x.compare(y) <=> 0;
}

}  // namespace

std::optional<Version> Version::parse(std::string_view text) {
  Version version;
  std::optional<std::string_view> build, prerelease;
  const std::string_view numbers = cut(cut(text, '+', build), '-', prerelease);
  const std::vector<std::string_view> parts = split(numbers, '.');
  if (parts.size() > version.numbers_.size()) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const char* const end = parts[i].data() + parts[i].size();
    if (!is_number(parts[i]) || std::from_chars(parts[i].data(), end, version.numbers_[i]).ec != std::errc())
      return std::nullopt;
  }
  for (const auto& identifiers : {prerelease, build})
    if (identifiers && !std::ranges::all_of(split(*identifiers, '.'), is_identifier)) return std::nullopt;
  if (prerelease)
    for (const std::string_view part : split(*prerelease, '.')) version.prerelease_.emplace_back(part);
  return version;
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = numbers_ <=> other.numbers_; order != 0) return order;
  // A release comes after all its prereleases.
  if (prerelease_.empty() || other.prerelease_.empty()) return prerelease_.empty() <=> other.prerelease_.empty();
  return std::lexicographical_compare_three_way(prerelease_.begin(), prerelease_.end(), other.prerelease_.begin(),
                                                other.prerelease_.end(), compare_parts);
}

std::optional<VersionRange::Comparison> VersionRange::parse(std::string_view text) {
  // Those of two characters first.
  static constexpr std::pair<std::string_view, Operator> operators[] = {
      {">=", Operator::greater_equal}, {"<=", Operator::less_equal}, {"!=", Operator::not_equal},
      {">", Operator::greater},        {"<", Operator::less},        {"=", Operator::equal}};
  text = trimmed(text);
  for (const auto& [name, op] : operators) {
    if (!text.starts_with(name)) continue;
    const auto version = Version::parse(trimmed(text.substr(name.size())));
    return version ? std::optional(Comparison{op, *version}) : std::nullopt;
  }
  return std::nullopt;
}

VersionRange::VersionRange(std::string_view text, std::string_view where) {
  for (const std::string_view part : split(text, ',')) {
    if (const auto comparison = parse(part)) {
      comparisons_.push_back(*comparison);
      continue;
    }
    const std::string_view bare = trimmed(part);
    fail({std::string(where), fmt::format("\"{:.60}\" is no range of versions", text),
          "comparisons (= != < <= > >=) with commas between them, all of which must hold: \">=0.2, <1\"",
          Version::parse(bare)
              ? fmt::format("Write \"={0}\" for this version alone, \">={0}\" for all from it on", bare)
              : ""});
  }
}

bool VersionRange::holds(const Version& version) const {
  return std::ranges::all_of(comparisons_, [&](const Comparison& comparison) {
    const auto order = version <=> comparison.with;
    switch (comparison.op) {
      case Operator::equal:
        return order == 0;
      case Operator::not_equal:
        return order != 0;
      case Operator::less:
        return order < 0;
      case Operator::less_equal:
        return order <= 0;
      case Operator::greater:
        return order > 0;
      case Operator::greater_equal:
        return order >= 0;
    }
    return false;
  });
}

void check_version(const Plugin& plugin, std::string_view range, std::string_view where) {
  if (trimmed(range).empty()) return;
  const VersionRange wanted(range, where);
  const auto version = Version::parse(plugin.note.version);
  if (version && wanted.holds(*version)) return;
  fail({std::string(where),
        fmt::format("plugin \"{}\" is of version \"{}\"{} ({})", plugin.note.id, plugin.note.version,
                    version ? "" : ", which cannot be compared", plugin.path.string()),
        fmt::format("version {}", trimmed(range)),
        "Install a plugin of such a version (`welt plugin list` shows what is found), or change the range"},
       ErrorCode::failed_precondition);
}

}  // namespace welt
