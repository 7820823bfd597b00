// See run_log.h.
#include "core/train/run_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/model/byte_lm.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t json_bytes_limit = 64 << 20;

std::vector<Json> lines_of(const fs::path& file) {
  std::ifstream in(file);
  std::vector<Json> lines;
  for (std::string line; std::getline(in, line);)
    if (Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false); json.is_object())
      lines.push_back(std::move(json));
  return lines;
}

std::string text_of(const Json& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}

// "chrf 41.2, wer 0.5".
std::string scores_of(const Json& line) {
  std::string text;
  const auto scores = line.find("scores");
  if (scores == line.end() || !scores->is_object()) return text;
  for (const auto& [name, value] : scores->items())
    if (value.is_number()) text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", name, value.get<double>());
  return text;
}

Json object_of(const fs::path& file) {
  if (!fs::exists(file)) return nullptr;
  try {
    return read_json_object(file, json_bytes_limit);
  } catch (const Error&) {
    return nullptr;
  }
}

// Numbers of a line by name; those in an object by "object/name".
void add_figures(const Json& line, const std::string& before, std::map<std::string, Series>& into, double step) {
  for (const auto& [key, value] : line.items()) {
    if (value.is_object())
      add_figures(value, before + key + "/", into, step);
    else if (value.is_number() && key != "step")
      into[before + key].emplace_back(step, value.get<double>());
  }
}

// What stands behind `steps = ` in a table as [train], up to the end of the line: recipes as the program writes them, a
// key a line. "": it is not there.
std::string setting_in(const std::string& recipe, const std::string& table, const std::string& key) {
  const std::size_t begin = recipe.find(table);
  const std::size_t at = begin == std::string::npos ? begin : recipe.find("\n" + key + " = ", begin);
  if (at == std::string::npos) return {};
  const std::size_t value = at + key.size() + 4;
  return recipe.substr(value, recipe.find('\n', value) - value);
}

std::string text_in(const std::string& recipe, const std::string& table, const std::string& key) {
  const std::string value = setting_in(recipe, table, key);
  return value.starts_with('"') ? value.substr(1, value.find('"', 1) - 1) : std::string();
}

// A recipe alone is what a run can be made of.
bool is_run(const fs::path& folder) {
  return fs::exists(folder / "recipe.toml") &&
         (fs::exists(folder / "log.jsonl") || fs::exists(folder / "plugins.json"));
}

}  // namespace

double RunLog::last_step() const {
  const auto loss = training.find("loss");
  return loss == training.end() || loss->second.empty() ? 0 : loss->second.back().first;
}

std::string RunLog::state() const {
  if (summary.is_null()) return fmt::format("step {}", last_step());
  return summary.contains("stopped_early") ? "stopped early, by train.patience" : "finished";
}

RunLog RunLog::read(const fs::path& folder) {
  RunLog log;
  log.folder = folder;
  log.name = fs::absolute(folder).lexically_normal().filename().string();
  if (log.name.empty()) log.name = fs::absolute(folder).lexically_normal().parent_path().filename().string();
  if (!is_run(folder))
    fail({folder.string(), "no recipe.toml with a log.jsonl or plugins.json is in it", "a run folder",
          "welt runs list shows those there are"},
         ErrorCode::not_found);
  log.recipe = read_file(folder / "recipe.toml");
  log.steps = std::atoll(setting_in(log.recipe, "[train]", "steps").c_str());
  log.objective = text_in(log.recipe, "[train]", "objective");
  log.of_bytes = text_in(log.recipe, "[model]", "kind") == byte_lm_kind;
  for (const Json& line : lines_of(folder / "log.jsonl")) {
    const auto step = line.find("step");
    if (step == line.end() || !step->is_number()) continue;
    const std::string kind = text_of(line, "kind");
    const bool plain = !line.contains("encoders") && !line.contains("averages");
    if (kind == "train") add_figures(line, "", log.training, step->get<double>());
    if (kind == "evaluation" && plain) {
      add_figures(line, "", log.evaluation, step->get<double>());
      log.written.clear();
    }
    if (kind == "sample")
      log.written.push_back(
          {text_of(line, "prefix"), text_of(line, "text"), text_of(line, "completion"), scores_of(line)});
  }
  log.summary = object_of(folder / "summary.json");
  log.inputs = object_of(folder / "inputs.json");
  if (fs::exists(folder / "plugins.json"))
    log.plugins = Json::parse(std::ifstream(folder / "plugins.json"), nullptr, /*allow_exceptions=*/false);
  for (const Json& line : lines_of(folder / "samples.jsonl"))
    log.samples.emplace_back(text_of(line, "prompt"), text_of(line, "text"));
  return log;
}

std::vector<fs::path> list_runs(const fs::path& parent) {
  std::error_code status;
  std::vector<fs::path> runs;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, status))
    if (is_run(entry.path())) runs.push_back(entry.path());
  if (status)
    fail({parent.string(), "the folder cannot be read: " + status.message(), "a folder with run folders", {}},
         ErrorCode::not_found);
  std::ranges::sort(runs);
  return runs;
}

std::string log_csv(const fs::path& folder) {
  const std::vector<Json> lines = lines_of(folder / "log.jsonl");
  std::vector<std::string> columns{"kind", "step"};
  std::set<std::string> known(columns.begin(), columns.end());
  std::vector<Json> flat;
  for (const Json& line : lines) {
    Json cells = Json::object();
    for (const auto& [key, value] : line.items()) {
      if (!value.is_object()) {
        cells[key] = value;
        continue;
      }
      for (const auto& [inner, number] : value.items()) cells[key + "/" + inner] = number;
    }
    for (const auto& [key, value] : cells.items())
      if (known.insert(key).second) columns.push_back(key);
    flat.push_back(std::move(cells));
  }
  const auto quoted = [](std::string text) {
    if (text.find_first_of(",\"\n") == std::string::npos) return text;
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, 1, '"');
    return "\"" + text + "\"";
  };
  std::string csv;
  for (std::size_t i = 0; i < columns.size(); ++i) csv += (i == 0 ? "" : ",") + quoted(columns[i]);
  csv += "\n";
  for (const Json& cells : flat) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto at = cells.find(columns[i]);
      csv += i == 0 ? "" : ",";
      if (at != cells.end()) csv += quoted(at->is_string() ? at->get<std::string>() : json_text(*at));
    }
    csv += "\n";
  }
  return csv;
}

}  // namespace welt
