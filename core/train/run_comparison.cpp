// Tables of runs beside each other (html_report.h).
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/train/html_report.h"

namespace welt {
namespace {

std::string last(const std::map<std::string, Series>& figures, const char* name, const char* format) {
  const auto at = figures.find(name);
  if (at == figures.end() || at->second.empty()) return "";
  return fmt::format(fmt::runtime(format), at->second.back().second);
}

// Without the comment at its end, which says where a value was written.
std::string without_comment(const std::string& value) {
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (quoted && value[i] == '\\')
      ++i;
    else if (value[i] == '"')
      quoted = !quoted;
    else if (value[i] == '#' && !quoted)
      return value.substr(0, value.find_last_not_of(' ', i - 1) + 1);
  }
  return value;
}

// "key = value" lines of a merged recipe, each under its table's name.
std::map<std::string, std::string> keys_of(const std::string& recipe) {
  std::map<std::string, std::string> keys;
  std::string table;
  for (std::size_t at = 0; at < recipe.size();) {
    const std::size_t end = std::min(recipe.find('\n', at), recipe.size());
    const std::string line = recipe.substr(at, end - at);
    at = end + 1;
    const std::size_t equals = line.find('=');
    if (line.starts_with('[') && line.ends_with(']'))
      table = line.substr(1, line.size() - 2) + ".";
    else if (equals != std::string::npos && !line.starts_with('#'))
      keys[table + line.substr(0, line.find_last_not_of(' ', equals - 1) + 1)] =
          without_comment(line.substr(std::min(line.find_first_not_of(' ', equals + 1), line.size())));
  }
  return keys;
}

}  // namespace

std::vector<std::vector<std::string>> comparison_table(const std::vector<RunLog>& runs) {
  std::vector<std::vector<std::string>> rows{
      {"run", "state", "steps", "loss", "bits/byte", "bytes right", "words right", "seconds"}};
  for (const RunLog& run : runs)
    rows.push_back(
        {run.name, run.state(),
         run.steps > 0 ? fmt::format("{}/{}", run.last_step(), run.steps) : fmt::format("{}", run.last_step()),
         last(run.training, "loss", "{:.4f}"), last(run.evaluation, "bits_per_byte", "{:.4f}"),
         last(run.evaluation, "byte_accuracy", "{:.4f}"), last(run.evaluation, "word_accuracy", "{:.4f}"),
         last(run.training, "seconds", "{:.0f}")});
  return rows;
}

std::vector<std::vector<std::string>> recipe_differences(const std::vector<RunLog>& runs) {
  std::vector<std::map<std::string, std::string>> keys;
  std::map<std::string, std::size_t> all;
  std::vector<std::vector<std::string>> rows{{"key"}};
  for (const RunLog& run : runs) {
    rows.front().push_back(run.name);
    keys.push_back(keys_of(run.recipe));
    for (const auto& [key, value] : keys.back()) ++all[key];
  }
  for (const auto& [key, count] : all) {
    std::vector<std::string> row{key};
    bool same = count == runs.size();
    for (const auto& of_run : keys) {
      const auto at = of_run.find(key);
      row.push_back(at == of_run.end() ? "" : at->second);
      same = same && row.back() == row[1];
    }
    if (!same && key != "name") rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace welt
