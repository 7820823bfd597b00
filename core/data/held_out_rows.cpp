// See held_out_rows.h.
#include "core/data/held_out_rows.h"

#include <map>
#include <optional>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/data/evaluation_batches.h"
#include "core/data/rows.h"
#include "core/data/source.h"
#include "core/text/python_format.h"

namespace welt {
namespace {

// A field by its name as it stands, or by one with [key] behind it.
std::string field_text(const RowValue& row, const std::string& field) {
  const auto found = row.find(field);
  return found != row.end() ? python_str(*found) : TextTemplate("{" + field + "}").format(row);
}

bool has_language(const RowValue& row, const std::string& language) {
  const auto tag = row.find("language");
  return language.empty() || (tag != row.end() && *tag == language);
}

// What is made of a row's fields.
class RowTexts {
 public:
  explicit RowTexts(const HeldOutRowOptions& options) : options_(options) {
    if (!options.text_template.empty()) text_.emplace(options.text_template);
    if (!options.fits.empty()) fits_.emplace(options.fits);
    if (options.pair.empty()) return;
    prefix_.emplace(options.pair.at(0));
    completion_.emplace(options.pair.at(1));
  }

  bool fits(const RowValue& row) const {
    try {
      if (fits_) fits_->format(row);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  HeldOutRow of(const RowValue& row) const {
    HeldOutRow out;
    if (text_) {
      out.text = text_->format(row);
    } else if (!options_.text.empty()) {
      const auto text = row.find(options_.text);
      if (text != row.end() && text->is_string()) out.text = text->get<std::string>();
    }
    if (prefix_) out.prefix = prefix_->format(row);
    if (completion_) out.completion = completion_->format(row);
    if (!options_.group.empty()) out.group = field_text(row, options_.group);
    return out;
  }

 private:
  const HeldOutRowOptions& options_;
  std::optional<TextTemplate> text_, fits_, prefix_, completion_;
};

// Of a document's format that of its rows; "": by the file's ending.
std::string_view table_format(std::string_view format) {
  if (format == "json") return "jsonl";  // whose reader takes an array, too
  const bool is_table = format == "jsonl" || format == "csv" || format == "tsv" || format == "parquet";
  return is_table ? format : std::string_view();
}

}  // namespace

std::vector<HeldOutRow> read_held_out_rows(const HeldOutRowOptions& options) {
  const RowTexts texts(options);
  std::vector<HeldOutRow> rows;
  const std::string_view format = table_format(options.format);
  for (const std::filesystem::path& file : expand_files(options.files, options.name)) {
    const auto reader = RowReader::open(file, format);
    for (RawRow raw; reader->next(raw);) {
      RowValue value;
      try {
        value = row_value(raw);
      } catch (const Error& error) {
        if (options.skip_bad && error.code() == ErrorCode::data_loss) continue;
        throw;
      }
      if (!has_language(value, options.language) || !texts.fits(value)) continue;
      rows.push_back(with_context(raw.where(), [&] { return texts.of(value); }));
      if (options.most > 0 && std::ssize(rows) == options.most) return rows;
    }
  }
  return rows;
}

std::vector<std::int64_t> evenly(std::int64_t size, std::int64_t count) {
  if (count <= 0 || count > size) count = size;
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < count; ++i) chosen.push_back(i * size / count);
  return chosen;
}

std::vector<std::pair<std::string, std::vector<Batch>>> group_batches(const std::vector<HeldOutRow>& rows,
                                                                      const DatasetOptions& options,
                                                                      const SplitFunction& split, WordDrawer* drawer,
                                                                      std::int64_t max_rows) {
  std::map<std::string, Corpus> groups;
  std::vector<std::uint64_t> ends;
  for (const HeldOutRow& row : rows) {
    if (row.text.empty()) continue;
    split(row.text, ends);
    groups[row.group].add(row.text, ends, options.max_bytes);
  }
  std::vector<std::pair<std::string, std::vector<Batch>>> batches;
  for (const auto& [name, corpus] : groups)
    batches.emplace_back(name, evaluation_batches(corpus, options, drawer, max_rows));
  return batches;
}

}  // namespace welt
