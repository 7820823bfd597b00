// See rows.h.
#include "core/data/rows.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "core/data/csv.h"
#include "core/data/json_rows.h"
#include "core/data/line_reader.h"
#include "core/data/text_stream.h"
#include "core/parquet/parquet_rows.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

class Rows : public RowReader {
 public:
  Rows(LineReader lines, RowOrigin origin) : lines_(std::move(lines)), origin_(std::move(origin)) {}

 protected:
  void give(RawRow& row, std::uint64_t number) {
    if (!shared_) shared_ = std::make_shared<const RowOrigin>(origin_);
    row.origin = shared_;
    row.number = number;
  }
  LineReader lines_;
  RowOrigin origin_;
  std::uint64_t line_ = 0;
  std::shared_ptr<const RowOrigin> shared_;
};

// An object a line, or one array.
class JsonRows final : public Rows {
 public:
  using Rows::Rows;
  bool next(RawRow& row) override {
    if (line_ == 0) begin();
    if (in_array_) return element(row);
    std::string_view line = first_;
    std::uint64_t offset = 0;
    if (!std::exchange(has_first_, false)) {
      do {
        if (!lines_.next(line, offset)) return false;
        ++line_;
      } while (line.find_first_not_of(" \t") == std::string_view::npos);
    }
    row.text = line;
    give(row, line_);
    return true;
  }

 private:
  void begin() {
    std::string_view line;
    std::uint64_t offset = 0;
    while (lines_.next(line, offset)) {
      ++line_;
      const std::size_t at = line.find_first_not_of(" \t");
      if (at == std::string_view::npos) continue;
      first_ = line.substr(at);
      in_array_ = first_.starts_with('[');
      has_first_ = !in_array_;
      if (in_array_) read_array();
      return;
    }
    line_ = std::max<std::uint64_t>(line_, 1);
  }
  void read_array() {
    first_ += '\n';
    first_ += lines_.rest();
    const std::string fault = each_json_element(
        first_, [&](std::string_view element, std::size_t offset) { elements_.emplace_back(offset, element.size()); });
    if (!fault.empty())
      fail({origin_.path, "not JSON: " + fault, "an array of JSON objects", "Copy or download it again"},
           ErrorCode::data_loss);
    origin_.counts = "element";
  }
  bool element(RawRow& row) {
    if (at_ == elements_.size()) return false;
    const auto [offset, size] = elements_[at_++];
    row.text = first_.substr(offset, size);
    if (row.text.starts_with('"')) row.text = "{\"text\":" + row.text + "}";  // a list of texts
    give(row, at_);
    return true;
  }

  std::string first_;
  bool has_first_ = false, in_array_ = false;
  std::vector<std::pair<std::size_t, std::size_t>> elements_;
  std::size_t at_ = 0;
};

class CsvRows final : public Rows {
 public:
  using Rows::Rows;
  bool next(RawRow& row) override {
    std::uint64_t line = 0;
    if (origin_.columns.empty()) {
      std::string header;
      if (!next_csv_record(lines_, origin_.separator, line_, header, line)) return false;
      origin_.columns = csv_fields(header, origin_.separator);
    }
    if (!next_csv_record(lines_, origin_.separator, line_, row.text, line)) return false;
    give(row, line);
    return true;
  }
};

class TextRows final : public Rows {
 public:
  using Rows::Rows;
  bool next(RawRow& row) override {
    std::string_view line;
    std::uint64_t offset = 0;
    if (!lines_.next(line, offset)) return false;
    row.text = line;
    give(row, ++line_);
    return true;
  }
};

class ParquetTable final : public RowReader {
 public:
  explicit ParquetTable(const fs::path& path) : rows_(path) {
    auto origin = std::make_shared<RowOrigin>();
    origin->path = path.string();
    origin->counts = "row";
    origin_ = std::move(origin);
  }
  bool next(RawRow& row) override {
    if (!rows_.next(row.text)) return false;
    row.number = ++number_;
    row.origin = origin_;
    return true;
  }

 private:
  ParquetRows rows_;
  std::uint64_t number_ = 0;
  std::shared_ptr<const RowOrigin> origin_;
};

template <typename Reader>
std::unique_ptr<RowReader> make(LineReader lines, RowOrigin origin) {
  return std::make_unique<Reader>(std::move(lines), std::move(origin));
}

struct Format {
  RowFormat note;
  RowOrigin::Kind kind;
  char separator;
  std::unique_ptr<RowReader> (*open)(LineReader lines, RowOrigin origin);  // null: read from its end, not in lines
};

const std::vector<Format>& formats() {
  using Kind = RowOrigin::Kind;
  static const std::vector<Format> all{
      {{"jsonl", {".jsonl", ".ndjson", ".json"}}, Kind::json, 0, make<JsonRows>},
      {{"csv", {".csv"}}, Kind::csv, ',', make<CsvRows>},
      {{"tsv", {".tsv"}}, Kind::csv, '\t', make<CsvRows>},
      {{"lines", {".txt"}}, Kind::text, 0, make<TextRows>},
      {{"parquet", {".parquet"}}, Kind::json, 0, nullptr},
  };
  return all;
}

[[noreturn]] void fail_not_text(const RawRow& row, std::string_view what) {
  fail({row.where(), std::string(what), "text in UTF-8", "Convert the file (iconv), or leave such rows out"},
       ErrorCode::data_loss);
}

void check_utf8(const RawRow& row) {
  const std::size_t fault = find_invalid_utf8(row.text);
  if (fault != utf8_ok)
    fail_not_text(row, fmt::format("byte {} of the row ({:02X}) is not UTF-8", fault,
                                   static_cast<std::uint8_t>(row.text[fault])));
}

std::vector<std::string> fields_of(const RawRow& row) {
  std::vector<std::string> fields = csv_fields(row.text, row.origin->separator);
  const std::size_t wanted = row.origin->columns.size();
  if (fields.size() > wanted)
    fail({row.where(), fmt::format("{} fields", fields.size()), fmt::format("the header's {}", wanted),
          "A field with the separator in it stands in quotes"},
         ErrorCode::data_loss);
  fields.resize(wanted);
  return fields;
}

}  // namespace

const std::vector<RowFormat>& row_formats() {
  static const std::vector<RowFormat> all = [] {
    std::vector<RowFormat> notes;
    for (const Format& format : formats()) notes.push_back(format.note);
    return notes;
  }();
  return all;
}

std::string_view row_format_of(const fs::path& path) {
  const std::string ending = small_ending(without_compression(path));
  for (const RowFormat& format : row_formats())
    if (std::ranges::find(format.endings, ending) != format.endings.end()) return format.name;
  return {};
}

std::string RawRow::where() const {
  if (!origin->counts.empty()) return fmt::format("{}: {} {}", origin->path, origin->counts, number);
  return fmt::format("{}:{}", origin->path, number);
}

std::unique_ptr<RowReader> RowReader::open(const fs::path& path, std::string_view name) {
  if (name.empty()) name = path == "-" ? "jsonl" : row_format_of(path);
  const auto format = std::ranges::find_if(formats(), [&](const Format& f) { return f.note.name == name; });
  if (format == formats().end()) {
    std::vector<std::string_view> endings;
    for (const RowFormat& known : row_formats())
      endings.insert(endings.end(), known.endings.begin(), known.endings.end());
    fail({path.string(), "its name's ending says no format", fmt::format("one of {}", fmt::join(endings, " ")),
          "Rename the file, or convert it"});
  }
  if (format->open == nullptr) return std::make_unique<ParquetTable>(path);
  return of_lines(LineReader::of_file_or_stdin(path.string()), format->note.name);
}

std::unique_ptr<RowReader> RowReader::of_lines(LineReader lines, std::string_view name) {
  const Format& format = *std::ranges::find_if(formats(), [&](const Format& f) { return f.note.name == name; });
  std::string shown = lines.text().name();
  return format.open(std::move(lines), {std::move(shown), format.kind, format.separator, {}, {}});
}

RowValue row_value(const RawRow& row) {
  if (row.origin->kind == RowOrigin::Kind::text) {
    check_utf8(row);
    return {{"text", row.text}};
  }
  if (row.origin->kind == RowOrigin::Kind::csv) {
    check_utf8(row);
    RowValue value = RowValue::object();
    std::vector<std::string> fields = fields_of(row);
    for (std::size_t i = 0; i < fields.size(); ++i)
      value[row.origin->columns[i]] = fields[i].empty() ? RowValue() : RowValue(std::move(fields[i]));
    return value;
  }
  check_utf8(row);
  RowValue value;
  try {
    value = parse_json<RowValue>(without_odd_numbers(row.text, OddNumber::quoted));
  } catch (const Error& error) {
    if (json_row_has_lone_half(row.text))
      fail_not_text(row, "half of a surrogate pair in it (\\ud800 to \\udfff alone)");
    fail({row.where(), error.what(), "a JSON object", "Mend the line, or leave such rows out"}, ErrorCode::data_loss);
  }
  if (!value.is_object())
    fail({row.where(), fmt::format("a JSON {}", value.type_name()), "a JSON object for each row"},
         ErrorCode::data_loss);
  return value;
}

std::optional<std::string> row_text(const RawRow& row, std::string_view field) {
  if (row.origin->kind != RowOrigin::Kind::json) {
    RowValue value = row_value(row);
    const auto found = value.find(field);
    if (found == value.end()) {
      std::vector<std::string> known = row.origin->columns;
      if (row.origin->kind == RowOrigin::Kind::text) known = {"text"};
      fail_no_field(row.where(), field, known);
    }
    if (found->is_null()) return std::nullopt;
    return std::move(found->get_ref<std::string&>());
  }
  JsonRow read = read_json_row(row.text, field);
  switch (read.fault) {
    case RowFault::none:
      if (read.replaced) {
        check_utf8(row);
        fail_not_text(row, "half of a surrogate pair in it (\\ud800 to \\udfff alone)");
      }
      return std::move(read.text);
    case RowFault::not_text:
      if (read.found == "null") return std::nullopt;
      fail({row.where(), fmt::format("\"{}\" is a JSON {}", field, read.found), "a string"}, ErrorCode::data_loss);
    case RowFault::no_field:
      fail_no_field(row.where(), field, json_row_fields(row.text));
    case RowFault::not_object:
      fail({row.where(), "a JSON " + read.found, "a JSON object for each row"}, ErrorCode::data_loss);
    case RowFault::not_json:
      break;
  }
  fail({row.where(), "not JSON: " + read.found, "a JSON object", "Mend the line, or leave such rows out"},
       ErrorCode::data_loss);
}

void fail_no_field(const std::string& where, std::string_view field, const std::vector<std::string>& known) {
  const std::string near = nearest(field, known);
  fail({where, fmt::format("no field \"{}\"; there are: {}", field, fmt::join(known, ", ")), "a field of the row",
        near.empty() ? "" : fmt::format("Did you mean \"{}\"?", near)});
}

}  // namespace welt
