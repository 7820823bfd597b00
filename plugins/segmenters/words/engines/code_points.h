// A span as code points with the byte offset of each: what the dictionary engines work on.
#pragma once

#include <welt/text/utf8.h>
#include <cstdint>
#include <string_view>
#include <vector>

namespace welt::words {

struct CodePoints {
  static constexpr std::size_t padding = 8;  // zeros behind the text: a rule may look that far without asking

  std::vector<char32_t> points;        // size() + padding
  std::vector<std::uint32_t> offsets;  // size() + 1, the last is the span's size

  std::size_t size() const { return offsets.size() - 1; }

  void assign(std::string_view span) {
    points.clear();
    offsets.clear();
    for (std::size_t at = 0; at < span.size();) {
      offsets.push_back(static_cast<std::uint32_t>(at));
      points.push_back(text::decode(span, at));
    }
    offsets.push_back(static_cast<std::uint32_t>(span.size()));
    points.resize(points.size() + padding);
  }
};

}  // namespace welt::words
