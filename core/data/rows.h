// The rows of a table file, whatever its format: JSON lines, an array of JSON, CSV, TSV, Parquet, or lines of text. A reader
// cuts the file into rows as they stand; what is in one is looked at later, on any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

class LineReader;

// A format of tables, and the endings of files that are taken for it, in front of that of a compression.
struct RowFormat {
  std::string_view name;
  std::vector<std::string_view> endings;
};
const std::vector<RowFormat>& row_formats();
// The format by the file's ending; "": none of them.
std::string_view row_format_of(const std::filesystem::path& path);

// What all rows of a file share.
struct RowOrigin {
  std::string path;
  enum class Kind { json, csv, text } kind = Kind::json;
  char separator = ',';
  std::vector<std::string> columns;  // csv
  std::string_view counts;           // what RawRow::number counts: "" (lines), "element", "row"
};

// A row as the file has it.
struct RawRow {
  std::string text;
  std::uint64_t number = 0;  // of its line or element, from 1
  std::shared_ptr<const RowOrigin> origin;
  std::string where() const;  // "train.jsonl:12"
};

// [one thread at a time]
class RowReader {
 public:
  // `path` "-": standard input, as JSON lines. `format` "": by the ending. Throws Error for a file that cannot be read
  // or is no table.
  static std::unique_ptr<RowReader> open(const std::filesystem::path& path, std::string_view format = {});
  // Of text that is open already.
  static std::unique_ptr<RowReader> of_lines(LineReader lines, std::string_view format);
  virtual ~RowReader() = default;
  // Empty lines are no rows of JSON and CSV. Throws Error when the file is damaged.
  virtual bool next(RawRow& row) = 0;
};

using RowValue = nlohmann::ordered_json;

// The fields of a row. Those of CSV are texts, empty ones null; a line of text is the field "text". Throws Error
// (data_loss) naming the row when it is no JSON object, is not UTF-8, or has half a surrogate pair. [concurrent]
RowValue row_value(const RawRow& row);

// One field alone, which is faster: its text, or nothing for null. Throws Error as row_value() does, and when the
// field is missing (naming those there are) or no text. [concurrent]
std::optional<std::string> row_text(const RawRow& row, std::string_view field);

// Says which fields there are, the nearest first.
[[noreturn]] void fail_no_field(const std::string& where, std::string_view field,
                                const std::vector<std::string>& known);

}  // namespace welt
