// See table.h.
#include "core/base/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace welt {
namespace {

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](unsigned char byte) { return (byte & 0xC0) != 0x80; }));
}

}  // namespace

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{:>8} bytes", bytes);
  const auto value = static_cast<double>(bytes);
  if (value < 1e7) return fmt::format("{:>8.1f} kB", value / 1e3);
  return value < 1e10 ? fmt::format("{:>8.1f} MB", value / 1e6) : fmt::format("{:>8.1f} GB", value / 1e9);
}

}  // namespace welt
