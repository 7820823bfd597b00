// See source.h.
#include "core/data/source.h"

#include <glob.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/utf8.h"
#include "core/data/json_rows.h"
#include "core/data/line_reader.h"
#include "core/data/rows.h"
#include "core/data/text_stream.h"
#include "core/text/python_format.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> matches(const fs::path& pattern) {
  std::error_code ignored;
  if (fs::exists(pattern, ignored)) return {pattern};
  glob_t found{};
  std::vector<fs::path> out;
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
    out.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  std::sort(out.begin(), out.end());
  return out;
}

[[noreturn]] void fail_missing(const fs::path& pattern, std::string_view name) {
  const fs::path folder = pattern.has_parent_path() ? pattern.parent_path() : fs::path(".");
  refuse_unreachable(pattern);
  std::vector<std::string> there;
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored))
    there.push_back(at->path().filename().string());
  std::sort(there.begin(), there.end());
  const std::string near = nearest(pattern.filename().string(), there);
  std::string mend = "Relative paths start at " + fs::current_path(ignored).string();
  if (!near.empty()) mend = "Did you mean " + (folder / near).string() + "? " + mend;
  fail({.where = std::string(name),
        .found = "no file fits " + pattern.string(),
        .expected = "a file, or a pattern that fits some",
        .mend = mend},
       ErrorCode::not_found);
}

class Reader {
 public:
  Reader(const SourceOptions& options, const std::function<void(const SourceDocument&)>& sink)
      : options_(options), sink_(sink) {
    if (!options.text_template.empty()) with_context(options.name, [&] { template_.emplace(options.text_template); });
  }

  bool is_full() const { return options_.limit > 0 && counts_.documents >= options_.limit; }

  void read(const fs::path& path) {
    path_ = path;
    origin_ = std::make_shared<const RowOrigin>(RowOrigin{path.string(), RowOrigin::Kind::json, 0, {}, {}});
    ++counts_.files;
    // A pipe gives its text once; a run reads it again when it goes on.
    if (std::error_code ignored; !fs::is_regular_file(path, ignored) && !fs::is_directory(path, ignored))
      fail({path.string(), "is no regular file", "a file on a disk", "Copy its content to a file"});
    if (template_ && !has_fields(format_of(path)))
      fail({path.string(), fmt::format("a template, {}, for text without fields", options_.text_template),
            "rows of JSON Lines, JSON, CSV, TSV or Parquet",
            "Say what it is by the format, or leave the template out"});
    if (!options_.language.empty() && !has_fields(format_of(path)) && !std::exchange(said_untagged_, true))
      log_warning("data", "{}: {}: text without fields says no language: all of it is taken for \"{}\"", options_.name,
                  path.string(), options_.language);
    if (format_of(path).read == nullptr) return parquet(path);
    LineReader lines(path);
    compressed_ = lines.text().is_compressed();
    begin_ = lines.text().begin();
    if (options_.format == "auto") tell_table(path);
    format_of(path).read(*this, lines);
  }

  struct Format {
    DocumentFormat note;
    void (*read)(Reader& reader, LineReader& lines);  // null: Parquet, which is read from its end, not in lines
  };
  // The first one is for files whose ending says nothing.
  static const std::vector<Format>& formats() {
    static const std::vector<Format> all{
        {{"text", "a file"}, whole},
        {{"lines", "a line"}, lines},
        {{"paragraphs", "lines up to an empty one"}, paragraphs},
        {{"jsonl", "a field of a line", {".jsonl", ".ndjson"}}, rows<false>},
        {{"json", "a field of an element of the file's array, or of a line", {".json"}}, rows<true>},
        {{"csv", "a field of a row, which the header names"}, table},
        {{"tsv", "the same with tabs"}, table},
        {{"parquet", "a column's value", {".parquet"}}, nullptr}};
    return all;
  }

  const SourceCounts& counts() const { return counts_; }

 private:
  // A data set's reader takes such a file for a table (dataset_folder.h), this one its text as it is.
  static void tell_table(const fs::path& path) {
    if (const std::string ending = small_ending(without_compression(path)); ending == ".csv" || ending == ".tsv")
      log_warning("data",
                  "{}: a table, read as plain text, separators and all; format = \"{}\" reads the column of `field`, "
                  "format = \"text\" says that it is meant so",
                  path.string(), ending.substr(1));
  }

  const Format& format_of(const fs::path& path) const {
    const std::string ending = small_ending(without_compression(path));
    const std::vector<Format>& all = formats();
    const auto found = std::ranges::find_if(all, [&](const Format& format) {
      return options_.format == "auto" ? std::ranges::find(format.note.endings, ending) != format.note.endings.end()
                                       : format.note.name == options_.format;
    });
    return found == all.end() ? all.front() : *found;
  }

  static bool has_fields(const Format& format) {
    return format.read != whole && format.read != lines && format.read != paragraphs;
  }

  static void whole(Reader& reader, LineReader& lines) { reader.document(lines.rest(), reader.begin_); }

  static void lines(Reader& reader, LineReader& lines) {
    std::string_view line;
    std::uint64_t offset = 0;
    while (!reader.is_full() && lines.next(line, offset)) {
      if (line.empty() || !reader.options_.keep_linebreaks) {
        reader.document(line, offset);
      } else {
        reader.document(std::string(line) + '\n', offset);
      }
    }
  }

  static void paragraphs(Reader& reader, LineReader& lines) {
    std::string text;
    std::string_view line;
    std::uint64_t offset = 0, begin = 0;
    while (!reader.is_full() && lines.next(line, offset)) {
      if (line.empty()) {
        reader.document(text, begin);
        text.clear();
        continue;
      }
      if (text.empty()) {
        begin = offset;
      } else {
        text += '\n';
      }
      text += line;
    }
    if (!reader.is_full()) reader.document(text, begin);
  }

  // Rows as `welt data prepare` reads them.
  static void table(Reader& reader, LineReader& lines) {
    const bool is_csv = reader.format_of(reader.path_).note.name == "csv";
    const std::unique_ptr<RowReader> rows = RowReader::of_lines(std::move(lines), is_csv ? "csv" : "tsv");
    for (RawRow row; !reader.is_full() && rows->next(row);) reader.table_row(row);
  }

  template <bool or_array>
  static void rows(Reader& reader, LineReader& lines) {
    std::string_view line;
    std::uint64_t offset = 0;
    bool first = true;
    for (std::uint64_t number = 1; !reader.is_full() && lines.next(line, offset); ++number) {
      const std::size_t begin = line.find_first_not_of(" \t");
      if (begin == std::string_view::npos) continue;
      if (or_array && first && line[begin] == '[') {
        std::string text(line.substr(begin));
        text += '\n';
        text += lines.rest();
        return reader.elements(text, offset + begin);
      }
      first = false;
      reader.row({.text = std::string(line), .number = number, .origin = reader.origin_}, offset);
    }
  }

  void parquet(const fs::path& path) {
    const std::unique_ptr<RowReader> rows = RowReader::open(path, "parquet");
    for (RawRow raw; !is_full() && rows->next(raw);) row(raw, 0);
  }

  void elements(std::string_view text, std::uint64_t begin) {
    std::uint64_t number = 0;
    auto of_elements = std::make_shared<RowOrigin>(*origin_);
    of_elements->counts = "element";
    const std::shared_ptr<const RowOrigin> origin = of_elements;
    const std::string fault = each_json_element(text, [&](std::string_view element, std::size_t offset) {
      ++number;
      if (is_full()) return;
      row({.text = std::string(element), .number = number, .origin = origin}, begin + offset);
    });
    if (!fault.empty())
      fail({path_.string(), "not JSON: " + fault, "an array of JSON objects", "Copy or download it again"},
           ErrorCode::data_loss);
  }

  void row(const RawRow& raw, std::uint64_t offset) {
    std::string language;
    if (options_.reads_language || !options_.language.empty()) {
      JsonRow tag = read_json_row(raw.text, language_field);
      if (tag.fault == RowFault::none) language = std::move(tag.text);
    }
    if (is_foreign(language)) return;
    if (template_) return filled_row(raw, language, [&] { return row_value(raw); });
    const JsonRow read = read_json_row(raw.text, options_.field);
    if (options_.on_invalid == "skip" && (read.fault != RowFault::none || read.replaced)) return skip();
    if (read.fault != RowFault::none) fail_row(read, raw.text, raw.where());
    if (read.replaced) {
      if (options_.on_invalid != "replace") fail_not_text(raw.text, offset, raw.where());
      ++counts_.replaced;
    }
    emit(read.text, language);
  }

  // Of CSV: texts, none where the field is empty.
  void table_row(const RawRow& raw) {
    RowValue value;
    if (!usable([&] { value = row_value(raw); })) return;
    const auto tag = value.find(language_field);
    const std::string language = tag != value.end() && tag->is_string() ? tag->get<std::string>() : std::string();
    if (is_foreign(language)) return;
    if (template_) return filled_row(raw, language, [&] { return value; });
    const auto text = value.find(options_.field);
    if (text == value.end()) {
      usable([&] { fail_no_field(raw.where(), options_.field, raw.origin->columns); });
    } else if (text->is_string()) {
      emit(text->get_ref<const std::string&>(), language);
    }
  }

  template <typename Value>
  void filled_row(const RawRow& raw, const std::string& language, const Value& value_of) {
    std::string text;
    const auto fill = [&] {
      const RowValue value = value_of();
      with_context(raw.where(), [&] { text = template_->format(value); });
    };
    if (usable(fill)) emit(text, language);
  }

  // False: the row is left out for what is wrong with it.
  template <typename Read>
  bool usable(const Read& read) {
    try {
      read();
      return true;
    } catch (const Error&) {
      if (options_.on_invalid != "skip") throw;
    }
    skip();
    return false;
  }

  bool is_foreign(const std::string& language) {
    if (options_.language.empty() || options_.language == language) return false;
    ++counts_.other_language;
    return true;
  }

  [[noreturn]] void fail_row(const JsonRow& read, std::string_view text, const std::string& where) const {
    const std::string skips = fmt::format("{}.on_invalid = \"skip\" leaves such rows out", options_.name);
    switch (read.fault) {
      case RowFault::no_field: {
        const std::vector<std::string> keys = json_row_fields(text);
        const std::string near = nearest(options_.field, keys);
        fail({where, fmt::format("no member \"{}\"; there are: {}", options_.field, fmt::join(keys, ", ")),
              "a member that holds the text",
              near.empty() ? fmt::format("Set {}.field to one of them; {}", options_.name, skips)
                           : fmt::format("Did you mean {}.field = \"{}\"?", options_.name, near)});
      }
      case RowFault::not_text:
        fail({where, fmt::format("\"{}\" is a JSON {}", options_.field, read.found), "a string", skips});
      case RowFault::not_object:
        fail({where, "a JSON " + read.found, "a JSON object for each row",
              read.found == "array" ? fmt::format("An array of rows is read with {}.format = \"json\"", options_.name)
                                    : skips});
      default:
        fail({where, "not JSON: " + read.found, "a JSON object for each row", skips}, ErrorCode::data_loss);
    }
  }

  // A row whose text has something in it that is no character.
  [[noreturn]] void fail_not_text(std::string_view row, std::uint64_t offset, const std::string& where) const {
    if (const std::size_t fault = find_invalid_utf8(row); fault != utf8_ok) fail_not_utf8(row, offset, fault);
    fail({where, fmt::format("\"{}\" has half of a surrogate pair in it (\\ud800 to \\udfff alone)", options_.field),
          "characters", fmt::format("Set {}.on_invalid to \"replace\" or \"skip\"", options_.name)},
         ErrorCode::data_loss);
  }

  void document(std::string_view text, std::uint64_t offset) {
    std::string repaired;
    if (accept(text, offset, repaired)) emit(text);
  }

  void emit(std::string_view text, std::string_view language = {}) {
    if (text.empty()) return;
    ++counts_.documents;
    sink_({text, language});
  }

  void skip() { ++counts_.skipped; }

  // Checks UTF-8; `text` may become a view of `repaired`. False: leave the document out.
  bool accept(std::string_view& text, std::uint64_t offset, std::string& repaired) {
    const std::size_t fault = find_invalid_utf8(text);
    if (fault == utf8_ok) return true;
    if (options_.on_invalid == "skip") {
      skip();
      return false;
    }
    if (options_.on_invalid == "replace") {
      ++counts_.replaced;
      repaired = replace_invalid_utf8(text);
      text = repaired;
      return true;
    }
    fail_not_utf8(text, offset, fault);
  }

  [[noreturn]] void fail_not_utf8(std::string_view text, std::uint64_t offset, std::size_t fault) const {
    fail({path_.string(),
          fmt::format("byte {} ({:02X}) is not UTF-8{}", offset + fault, static_cast<std::uint8_t>(text[fault]),
                      compressed_ ? " (counted in the decompressed text)" : ""),
          "text in UTF-8",
          fmt::format("Convert the file (iconv), or set {}.on_invalid to \"replace\" or \"skip\"", options_.name)},
         ErrorCode::data_loss);
  }

  static constexpr const char* language_field = "language";

  const SourceOptions& options_;
  const std::function<void(const SourceDocument&)>& sink_;
  std::optional<TextTemplate> template_;
  std::shared_ptr<const RowOrigin> origin_;  // of the file's rows
  fs::path path_;
  bool compressed_ = false, said_untagged_ = false;
  std::uint64_t begin_ = 0;  // of the text in the file
  SourceCounts counts_;
};

}  // namespace

const std::vector<DocumentFormat>& document_formats() {
  static const std::vector<DocumentFormat> all = [] {
    std::vector<DocumentFormat> notes{{"auto", "by the file's ending: text if none says otherwise"}};
    for (const auto& format : Reader::formats()) notes.push_back(format.note);
    return notes;
  }();
  return all;
}

std::vector<fs::path> expand_files(const std::vector<fs::path>& patterns, std::string_view name) {
  std::vector<fs::path> out;
  for (const fs::path& pattern : patterns) {
    const std::vector<fs::path> found = matches(pattern);
    if (found.empty()) fail_missing(pattern, name);
    for (const fs::path& path : found) {
      if (std::find(out.begin(), out.end(), path) == out.end()) out.push_back(path);
    }
  }
  return out;
}

void warn_of_invalid(const SourceOptions& options, const SourceCounts& counts) {
  if (counts.skipped + counts.replaced > 0)
    log_warning("data",
                "{}: {} of {} documents skipped (no text, or none in UTF-8), {} with U+FFFD for what was no text",
                options.name, counts.skipped, counts.skipped + counts.documents, counts.replaced);
}

SourceCounts read_documents(const SourceOptions& options, const std::function<void(const SourceDocument&)>& take) {
  if (options.files.empty()) {
    fail({options.name, "no file is named", "files = [\"…\"] with at least one file or pattern"});
  }
  Reader reader(options, take);
  for (const fs::path& path : expand_files(options.files, options.name))
    if (!reader.is_full()) reader.read(path);
  const SourceCounts& counts = reader.counts();
  warn_of_invalid(options, counts);
  if (!options.language.empty() && counts.documents == 0 && counts.other_language > 0)
    fail({options.name, fmt::format("none of {} rows is tagged \"{}\"", counts.other_language, options.language),
          "a language that the rows' field \"language\" says", "`welt data stats` lists them"});
  return counts;
}

}  // namespace welt
