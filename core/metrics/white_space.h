// White space as Python's str counts it (isspace, strip, split, `\s` of re), in UTF-8. For the metrics, whose rules are
// those of Python packages: it is Unicode's White_Space and the separators 1C … 1F. No allocation but the lists. [any
// thread]
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace welt {

// Bytes of the white space character that begins at `at` (0: none does), and of the one that ends before `end`.
std::size_t white_space_at(std::string_view text, std::size_t at);
std::size_t white_space_before(std::string_view text, std::size_t end);

std::string_view strip_end(std::string_view text);  // str.rstrip()
std::string_view strip(std::string_view text);      // str.strip()

// str.split(): the parts between runs of white space. Replaces the content of `parts`.
void split_white_space(std::string_view text, std::vector<std::string_view>& parts);

// The code points of well-formed text, or of those that are not white space: ''.join(text.split()).
void code_points(std::string_view text, std::vector<std::uint32_t>& points);
void solid_code_points(std::string_view text, std::vector<std::uint32_t>& points);

}  // namespace welt
