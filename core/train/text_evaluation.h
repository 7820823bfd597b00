// Evaluation of texts that a model writes: the completions of held-out rows, scored against what they should be.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/data/held_out_rows.h"
#include "core/generate/generator.h"
#include "core/metrics/text_metrics.h"

namespace welt {

struct ScoredText {
  HeldOutRow row;
  std::string text;  // what the model wrote
  TextSums sums;
};

struct TextEvaluation {
  std::vector<const TextMetric*> metrics;  // in the order of the recipe
  TextSums all;
  std::map<std::string, TextSums> groups;  // by HeldOutRow::group
  std::vector<ScoredText> samples;

  // {"chrf": 41.2, …}.
  nlohmann::json scores(const TextSums& sums) const;
  nlohmann::json scores_of_one(const TextSums& sums) const;
};

struct TextEvaluationOptions {
  std::vector<const TextMetric*> metrics;
  GenerateOptions generate;
  std::int64_t batch = 32;   // prompts at once
  std::int64_t samples = 0;  // kept, evenly over the rows
  bool by_group = false;
};

// Leaves the model in evaluation mode.
TextEvaluation evaluate_texts(WeltModel& model, const std::shared_ptr<const TextFrontEnd>& text,
                              const std::vector<HeldOutRow>& rows, const TextEvaluationOptions& options);

}  // namespace welt
