// Metrics of generated text by the names that a recipe asks for them by, which are those of Hugging Face's `evaluate`.
// A new one is a row in text_metrics.cpp, and what it counts a member of TextSums.
#pragma once

#include "core/metrics/text_scores.h"

#include <string_view>
#include <vector>

namespace welt {

struct TextMetric {
  std::string_view name;
  std::string_view help;  // a few words
  bool larger_is_better;
  double (*value)(const TextSums& sums);   // of a corpus: "score" of the metric of that name, or its only number
  double (*of_one)(const TextSums& sums);  // of a single text
};
const std::vector<TextMetric>& text_metrics();

}  // namespace welt
