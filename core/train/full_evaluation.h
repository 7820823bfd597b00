// A whole evaluation of a session's model: the held-out text, its groups, and the texts that the model writes itself.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/metrics/accumulator.h"
#include "core/train/session.h"
#include "core/train/text_evaluation.h"

namespace welt {

// Of a text that the model is given.
struct TextFigures {
  LossSums sums;
  std::int64_t characters = 0;  // the text in code points
  double bits_per_character() const;
};

struct Evaluation {
  TextFigures all;                            // of the held-out text
  std::map<std::string, TextFigures> groups;  // by evaluate.group_by
  std::optional<TextEvaluation> texts;        // with evaluate.metrics
};

// Leaves the model in evaluation mode; changes nothing that training depends on.
Evaluation evaluate_fully(Session& session, const Recipe& recipe);

// That of the sums (evaluation.h), "bits_per_character" and "characters", "chrf" and others, and "groups": {"de": {the
// same}}.
nlohmann::json evaluation_json(const Evaluation& evaluation);
// {"prefix", "text", "completion", "group", "scores"} of each sample.
std::vector<nlohmann::json> sample_lines(const Evaluation& evaluation);

// For people: a line for each metric, the table of groups, the samples; "" where there are none.
std::string metric_lines(const Evaluation& evaluation);
std::string group_table(const Evaluation& evaluation, const std::string& field);
std::string sample_text(const Evaluation& evaluation);

}  // namespace welt
