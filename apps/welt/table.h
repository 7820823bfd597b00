// Text tables for the terminal. Used by verbs that print lists.
#pragma once

#include <string>
#include <vector>

namespace welt {

// Columns as wide as their widest cell (counted in code points), two blanks apart; the first row is the heading.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace welt
