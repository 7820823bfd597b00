// See text_evaluation.h.
#include "core/train/text_evaluation.h"

#include <algorithm>

#include "core/base/progress.h"

namespace welt {

nlohmann::json TextEvaluation::scores(const TextSums& sums) const {
  nlohmann::json json = nlohmann::json::object();
  for (const TextMetric* metric : metrics) json[std::string(metric->name)] = metric->value(sums);
  return json;
}

nlohmann::json TextEvaluation::scores_of_one(const TextSums& sums) const {
  nlohmann::json json = nlohmann::json::object();
  for (const TextMetric* metric : metrics) json[std::string(metric->name)] = metric->of_one(sums);
  return json;
}

TextEvaluation evaluate_texts(WeltModel& model, const std::shared_ptr<const TextFrontEnd>& text,
                              const std::vector<HeldOutRow>& rows, const TextEvaluationOptions& options) {
  TextEvaluation out{.metrics = options.metrics, .all = {}, .groups = {}, .samples = {}};
  const std::vector<std::int64_t> shown =
      options.samples > 0 ? evenly(std::ssize(rows), options.samples) : std::vector<std::int64_t>();
  Generator generator(model, text);
  TextScorer scorer;
  Progress progress("write", std::ssize(rows));
  for (std::int64_t first = 0; first < std::ssize(rows); first += options.batch) {
    const std::int64_t end = std::min<std::int64_t>(first + options.batch, std::ssize(rows));
    std::vector<std::string> prompts;
    for (std::int64_t i = first; i < end; ++i) prompts.push_back(rows[static_cast<std::size_t>(i)].prefix);
    const std::vector<Generated> written = generator.generate(prompts, options.generate);
    for (std::int64_t i = first; i < end; ++i) {
      const HeldOutRow& row = rows[static_cast<std::size_t>(i)];
      const std::string& made = written[static_cast<std::size_t>(i - first)].text;
      const TextSums sums = scorer.count(made, row.completion);
      out.all += sums;
      if (options.by_group) out.groups[row.group] += sums;
      if (std::ranges::binary_search(shown, i)) out.samples.push_back({row, made, sums});
    }
    progress.update(end);
  }
  return out;
}

}  // namespace welt
