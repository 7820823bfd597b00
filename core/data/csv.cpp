// See csv.h.
#include "core/data/csv.h"

#include "core/base/error.h"

namespace welt {
namespace {

// Whether the last field is quoted and has no end yet, after one more line of a record. As csv_fields() reads it.
bool is_open_after(std::string_view line, char separator, bool open) {
  bool empty = !open;  // the field so far
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '"' && open && line.substr(at + 1).starts_with('"'))
      empty = false, ++at;
    else if (line[at] == '"' && (open || empty))
      open = !open;
    else
      empty = line[at] == separator && !open;
  }
  return open;
}

}  // namespace

bool next_csv_record(LineReader& lines, char separator, std::uint64_t& lines_read, std::string& record,
                     std::uint64_t& line) {
  record.clear();
  std::string_view text;
  std::uint64_t offset = 0;
  bool open = false;
  while (lines.next(text, offset)) {
    ++lines_read;
    if (!open && text.empty()) continue;
    if (!open)
      line = lines_read;
    else
      record += '\n';
    record += text;
    if (record.size() > lines.limits().line)
      fail({fmt::format("{}:{}", lines.text().name(), line),
            fmt::format("a row of more than {} bytes", lines.limits().line), "shorter rows",
            "Perhaps a quoted field has no end"},
           ErrorCode::resource_exhausted);
    open = is_open_after(text, separator, open);
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
