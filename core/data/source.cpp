// See source.h.
#include "core/data/source.h"

#include <glob.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/utf8.h"
#include "core/data/line_reader.h"

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
  Reader(const SourceOptions& options, const std::function<void(std::string_view)>& sink)
      : options_(options), sink_(sink) {}

  void read(const fs::path& path) {
    path_ = path;
    ++counts_.files;
    const auto lines = LineReader::open(path);
    format_of(path).read(*this, *lines);
  }

  struct Format {
    DocumentFormat note;
    void (*read)(Reader& reader, LineReader& lines);
  };
  // The first one is for files whose ending says nothing.
  static const std::vector<Format>& formats() {
    static const std::vector<Format> all{{{"text", "a file"}, whole},
                                         {{"lines", "a line"}, lines},
                                         {{"paragraphs", "lines up to an empty one"}, paragraphs},
                                         {{"jsonl", "a field of a line", {".jsonl", ".ndjson"}}, records}};
    return all;
  }

  const SourceCounts& counts() const { return counts_; }

 private:
  const Format& format_of(fs::path path) const {
    if (path.extension() == ".gz") path.replace_extension();
    const std::string ending = path.extension();
    const std::vector<Format>& all = formats();
    const auto found = std::ranges::find_if(all, [&](const Format& format) {
      return options_.format == "auto" ? std::ranges::find(format.note.endings, ending) != format.note.endings.end()
                                       : format.note.name == options_.format;
    });
    return found == all.end() ? all.front() : *found;
  }

  static std::string_view without_mark(std::string_view text, std::uint64_t offset) {
    if (offset == 0 && text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    return text;
  }

  static void whole(Reader& reader, LineReader& lines) { reader.document(without_mark(lines.rest(), 0), 0); }

  static void lines(Reader& reader, LineReader& lines) {
    std::string_view line;
    std::uint64_t offset = 0;
    while (lines.next(line, offset)) reader.document(without_mark(line, offset), offset);
  }

  static void paragraphs(Reader& reader, LineReader& lines) {
    std::string text;
    std::string_view line;
    std::uint64_t offset = 0, begin = 0;
    while (lines.next(line, offset)) {
      line = without_mark(line, offset);
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
    reader.document(text, begin);
  }

  static void records(Reader& reader, LineReader& lines) {
    std::string_view line;
    std::uint64_t offset = 0;
    for (std::int64_t number = 1; lines.next(line, offset); ++number)
      reader.record(without_mark(line, offset), offset, number);
  }

  void record(std::string_view line, std::uint64_t offset, std::int64_t number) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) return;
    std::string repaired;
    if (!accept(line, offset, repaired)) return;
    const std::string where = fmt::format("{}:{}", path_.string(), number);
    nlohmann::json value;
    try {
      value = nlohmann::json::parse(line);
    } catch (const nlohmann::json::exception& error) {
      if (options_.on_invalid == "skip") return skip();
      fail({where, fmt::format("not JSON: {}", error.what()), "one JSON object a line"}, ErrorCode::data_loss);
    }
    if (!value.is_object()) fail({where, fmt::format("a JSON {}", value.type_name()), "one JSON object a line"});
    const auto member = value.find(options_.field);
    if (member == value.end()) {
      std::vector<std::string> keys;
      for (const auto& [key, _] : value.items()) keys.push_back(key);
      const std::string near = nearest(options_.field, keys);
      fail({where, fmt::format("no member \"{}\"; there are: {}", options_.field, fmt::join(keys, ", ")),
            "a member that holds the text",
            near.empty() ? fmt::format("Set {}.field to one of them", options_.name)
                         : fmt::format("Did you mean {}.field = \"{}\"?", options_.name, near)});
    }
    if (!member->is_string()) {
      fail({where, fmt::format("\"{}\" is a JSON {}", options_.field, member->type_name()), "a string"});
    }
    emit(member->get_ref<const std::string&>());
  }

  void document(std::string_view text, std::uint64_t offset) {
    std::string repaired;
    if (accept(text, offset, repaired)) emit(text);
  }

  void emit(std::string_view text) {
    if (text.empty()) return;
    ++counts_.documents;
    sink_(text);
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
    fail({path_.string(),
          fmt::format("byte {} ({:02X}) is not UTF-8{}", offset + fault, static_cast<std::uint8_t>(text[fault]),
                      path_.extension() == ".gz" ? " (counted in the decompressed text)" : ""),
          "text in UTF-8",
          fmt::format("Convert the file (iconv), or set {}.on_invalid to \"replace\" or \"skip\"", options_.name)},
         ErrorCode::data_loss);
  }

  const SourceOptions& options_;
  const std::function<void(std::string_view)>& sink_;
  fs::path path_;
  SourceCounts counts_;
};

}  // namespace

const std::vector<DocumentFormat>& document_formats() {
  static const std::vector<DocumentFormat> all = [] {
    std::vector<DocumentFormat> notes{{"auto", "by the file's ending"}};
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

SourceCounts read_documents(const SourceOptions& options, const std::function<void(std::string_view)>& document) {
  if (options.files.empty()) {
    fail({options.name, "no file is named", "files = [\"…\"] with at least one file or pattern"});
  }
  Reader reader(options, document);
  for (const fs::path& path : expand_files(options.files, options.name)) reader.read(path);
  const SourceCounts& counts = reader.counts();
  if (counts.skipped > 0) log_warning("data", "{}: {} documents skipped (invalid text)", options.name, counts.skipped);
  if (counts.replaced > 0) {
    log_warning("data", "{}: invalid bytes replaced by U+FFFD in {} documents", options.name, counts.replaced);
  }
  return counts;
}

}  // namespace welt
