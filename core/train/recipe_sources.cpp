// See recipe_sources.h.
#include "core/train/recipe_sources.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "core/base/error.h"
#include "core/data/dataset_folder.h"
#include "core/data/rows.h"
#include "core/prepare/prepared_folder.h"
#include "core/recipe/choices.h"
#include "core/train/recipe_text.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* key_of_all = "data.sources";
const std::vector<std::string> known_keys{"name",  "files",  "prepared", "from",       "config",
                                          "split", "format", "field",    "on_invalid", "template",
                                          "limit", "weight", "repeat",   "language",   "keep_linebreaks"};

// One table of the list.
class Table {
 public:
  Table(const Recipe& recipe, const Json& values, std::size_t number)
      : recipe_(recipe),
        values_(values),
        place_(fmt::format("{}: {}, number {}", recipe.where(key_of_all), key_of_all, number)) {
    for (const auto& [key, ignored] : values.items()) {
      if (std::ranges::find(known_keys, key) != known_keys.end()) continue;
      const std::string near = nearest(key, known_keys);
      fail({place_, fmt::format("unknown key {}", key), fmt::format("one of {}", fmt::join(known_keys, ", ")),
            near.empty() ? "" : fmt::format("Did you mean {}?", near)});
    }
  }

  DatasetSource read(const std::string& number) const {
    DatasetSource source;
    bool is_prepared = false;
    const std::vector<fs::path> files = files_of(is_prepared);
    source.label = text("name").value_or(number);
    source.text = source_options(recipe_, "data.train", {key_of_all, files, is_prepared});
    SourceOptions& options = source.text;
    options.name = fmt::format("{}: {}", key_of_all, source.label);
    if (const auto found = text("format")) options.format = *found;
    if (has("from") && options.format == "auto") options.format = format_of_rows(files);
    if (const auto found = text("field")) options.field = *found;
    if (const auto found = text("on_invalid")) options.on_invalid = *found;
    if (const auto found = text("language")) options.language = *found;
    if (is_prepared) options.text_template.clear();
    if (has("template")) options.text_template = template_text();
    if (is_prepared && !options.text_template.empty())
      wrong("template", "a template for prepared text, which has no fields", "none");
    if (has("keep_linebreaks")) {
      if (!values_["keep_linebreaks"].is_boolean()) wrong("keep_linebreaks", "another value", "true or false");
      options.keep_linebreaks = values_["keep_linebreaks"].get<bool>();
    }
    if (has("limit")) {
      const double limit = number_of("limit");
      if (limit != std::floor(limit)) wrong("limit", values_["limit"].dump(), "a whole number");
      options.limit = static_cast<std::int64_t>(limit);
    }
    find_choice(document_formats(), options.format, place_ + ": format");
    const std::vector<std::string> rules = data_on_invalid();
    if (std::ranges::find(rules, options.on_invalid) == rules.end())
      wrong("on_invalid", options.on_invalid, fmt::format("one of {}", fmt::join(rules, ", ")));
    if (has("weight")) source.weight = positive("weight");
    if (has("repeat")) source.repeat = positive("repeat");
    if (has("weight") && has("repeat")) wrong("repeat", "weight is given too", "one of the two");
    return source;
  }

  [[noreturn]] void wrong(const std::string& key, const std::string& found, const std::string& expected) const {
    fail({place_ + ": " + key, found, expected, {}});
  }

 private:
  bool has(const char* key) const { return values_.contains(key); }

  std::optional<std::string> text(const char* key) const {
    if (!has(key)) return std::nullopt;
    if (!values_[key].is_string()) wrong(key, values_[key].dump(), "a string");
    return values_[key].get<std::string>();
  }

  double number_of(const char* key) const {
    if (!values_[key].is_number() || values_[key].get<double>() < 0 || values_[key].get<double>() > 1e15)
      wrong(key, values_[key].dump(), "a number from 0 to 1e15");
    return values_[key].get<double>();
  }

  double positive(const char* key) const {
    const double number = number_of(key);
    if (!(number >= 1e-6 && number <= 1e6)) wrong(key, values_[key].dump(), "a number from 1e-6 to 1e6");
    return number;
  }

  std::vector<std::string> texts(const char* key) const {
    if (values_[key].is_string()) return {values_[key].get<std::string>()};
    const bool strings = values_[key].is_array() &&
                         std::ranges::all_of(values_[key], [](const Json& value) { return value.is_string(); });
    if (!strings) wrong(key, values_[key].dump(), "a string or a list of strings");
    return values_[key].get<std::vector<std::string>>();
  }

  std::string template_text() const {
    const std::vector<std::string> parts = texts("template");
    if (parts.size() > 2) wrong("template", fmt::format("{} texts", parts.size()), "one, or prefix and completion");
    return fmt::format("{}", fmt::join(parts, ""));
  }

  std::vector<fs::path> files_of(bool& is_prepared) const {
    const auto named = has("files") + has("prepared") + has("from");
    if (named != 1) wrong("files", fmt::format("{} of files, prepared and from", named), "one of the three");
    for (const char* key : {"config", "split"})
      if (has(key) && !has("from")) wrong(key, "no `from`, of whose data set it could be", "beside `from` alone");
    if (has("files")) {
      const std::vector<std::string> names = texts("files");
      if (names.empty()) wrong("files", "no file", "at least one");
      return recipe_.resolve_names(place_ + ": files", names, false);
    }
    if (has("from")) return find_dataset_files(*text("from"), text("config"), text("split").value_or("train")).files;
    is_prepared = true;
    std::vector<fs::path> shards;
    for (const fs::path& folder : recipe_.resolve_names(place_ + ": prepared", {*text("prepared")}, true)) {
      const std::vector<fs::path> train = prepared_shards(folder, place_ + ": prepared").train;
      shards.insert(shards.end(), train.begin(), train.end());
    }
    if (shards.empty()) wrong("prepared", "no split train in " + *text("prepared"), "text to train on");
    return shards;
  }

  // A data set's tables are read as rows, whatever their ending.
  static std::string format_of_rows(const std::vector<fs::path>& files) {
    std::string format;
    for (const fs::path& file : files) {
      const std::string_view here = row_format_of(file);
      if (!format.empty() && here != format) return "auto";
      format = here;
    }
    if (format == "jsonl") return "json";  // lines, or one array
    return format.empty() ? "auto" : format;
  }

  const Recipe& recipe_;
  const Json& values_;
  std::string place_;
};

}  // namespace

bool has_sources(const Recipe& recipe) { return !recipe.tables(key_of_all).empty(); }

std::vector<DatasetSource> recipe_sources(const Recipe& recipe) {
  const std::vector<Json> tables = recipe.tables(key_of_all);
  std::vector<DatasetSource> sources;
  const auto place = [&](const std::string& key) { return recipe.where(key) + ": " + key; };
  for (const char* other : {"data.train.files", "data.prepared"}) {
    const bool there =
        std::string_view(other) == "data.prepared" ? !recipe.string(other).empty() : !recipe.strings(other).empty();
    if (!tables.empty() && there)
      fail({place(key_of_all), fmt::format("{} is given too ({})", other, recipe.where(other)), "one of the two",
            "Name that text in a table of data.sources"});
  }
  for (std::size_t i = 0; i < tables.size(); ++i)
    sources.push_back(Table(recipe, tables[i], i + 1).read(std::to_string(i + 1)));
  const auto weights = std::ranges::count_if(sources, [](const DatasetSource& s) { return s.weight > 0; });
  if (weights > 0 && weights < std::ssize(sources))
    fail({place(key_of_all), fmt::format("{} of {} sources have a weight", weights, sources.size()), "all, or none",
          "Without a weight a source counts by its size, `repeat` and data.temperature"});
  if (weights > 0 && recipe.number("data.temperature") != 1)
    fail({place("data.temperature"), "the sources have weights", "1, or sources without weights", {}});
  return sources;
}

}  // namespace welt
