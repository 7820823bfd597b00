// See csv.h.
#include "core/data/csv.h"

#include <algorithm>

#include "core/base/error.h"

namespace welt {

bool next_csv_record(LineReader& lines, std::uint64_t& lines_read, std::string& record, std::uint64_t& line) {
  record.clear();
  std::string_view text;
  std::uint64_t offset = 0;
  // Doubled quotes leave the count even, so an odd count means that a field is still open.
  bool open = false;
  while (lines.next(text, offset)) {
    ++lines_read;
    if (!open && text.empty()) continue;
    if (!open)
      line = lines_read;
    else
      record += '\n';
    record += text;
    if (std::ranges::count(text, '"') % 2 != 0) open = !open;
    if (!open) return true;
  }
  if (open)
    fail({fmt::format("{}:{}", lines.text().name(), line), "a quoted field has no end", "a second \"",
          "Quotes inside a field are doubled"},
         ErrorCode::data_loss);
  return false;
}

std::vector<std::string> csv_fields(std::string_view record, char separator) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t at = 0; at < record.size(); ++at) {
    const char c = record[at];
    if (c == '"' && quoted && record.substr(at + 1).starts_with('"'))
      fields.back() += c, ++at;
    else if (c == '"' && (quoted || fields.back().empty()))
      quoted = !quoted;
    else if (c == separator && !quoted)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

}  // namespace welt
