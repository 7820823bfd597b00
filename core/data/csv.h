// Comma- and tab-separated tables (RFC 4180): records that may go over several lines, and their fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/line_reader.h"

namespace welt {

// The next record that is not an empty line, without the line break at its end; quoted fields may hold more. `line` is
// the number of its first line; `lines_read` counts lines. A quote inside a field that none begins is a character.
// False at the end. Throws Error where a quoted field has no end.
bool next_csv_record(LineReader& lines, char separator, std::uint64_t& lines_read, std::string& record,
                     std::uint64_t& line);

// The fields of a record; a quoted one without its quotes, "" in it as one.
std::vector<std::string> csv_fields(std::string_view record, char separator);

}  // namespace welt
