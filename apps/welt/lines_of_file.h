// A text a line, from a file or standard input ("-").
#pragma once

#include <string>
#include <vector>

#include "core/data/line_reader.h"

namespace welt {

inline std::vector<std::string> lines_of_file(const std::string& file) {
  std::vector<std::string> texts;
  LineReader lines = LineReader::of_file_or_stdin(file);
  std::string_view line;
  for (std::uint64_t offset = 0; lines.next(line, offset);) texts.emplace_back(line);
  return texts;
}

}  // namespace welt
