// Text tables for the terminal. Used by verbs that print lists.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace welt {

// Columns as wide as their widest cell (counted in code points), two blanks apart; the first row is the heading.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

// "  8085 bytes", "  13.5 MB": the number flush right, so that sizes below each other compare.
std::string size_text(std::uint64_t bytes);

}  // namespace welt
