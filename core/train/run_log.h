// What a run folder says of a run, read back: for the report, `welt runs` and comparisons. Tolerant: a run may be in
// progress, cut off, or of an older version; what is not there is empty.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace welt {

using Series = std::vector<std::pair<double, double>>;  // step, value

// What an evaluation logged of a text that the model wrote.
struct LoggedText {
  std::string prefix, text, completion, scores;
};

struct RunLog {
  std::filesystem::path folder;
  std::string name;
  std::map<std::string, Series> training;    // of training steps, by figure: "loss", "learning_rate", …
  std::map<std::string, Series> evaluation;  // of held-out text, all encoders read
  nlohmann::json summary;                    // of a run that is over; else null
  nlohmann::json plugins, inputs;
  std::vector<std::pair<std::string, std::string>> samples;  // prompt, text
  std::vector<LoggedText> written;                           // of the last evaluation that wrote texts
  std::string recipe;                                        // TOML, every key
  std::int64_t steps = 0;                                    // planned; 0: not known
  std::string objective;                                     // what training's "loss" is of; "": not known
  bool of_bytes = false;                                     // of a byte_lm, whose words are bytes

  double last_step() const;
  // finished, stopped early (by what), or "step N": in progress or interrupted.
  std::string state() const;

  // Throws Error when there is no recipe.toml, or nothing that a run writes beside it.
  static RunLog read(const std::filesystem::path& folder);
};

// Run folders in a folder, by name.
std::vector<std::filesystem::path> list_runs(const std::filesystem::path& parent);

// All of a log's lines as comma-separated values, a column for each figure that occurs.
std::string log_csv(const std::filesystem::path& folder);

}  // namespace welt
