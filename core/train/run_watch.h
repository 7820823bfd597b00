// What a run shows of itself while it goes on: lines of log.jsonl, TensorBoard's events, report.html. Only log.jsonl is
// part of the run: where the others cannot be written, that is said and training goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/stopwatch.h"
#include "core/checkpoint/run_folder.h"
#include "core/model/text_front_end.h"
#include "core/recipe/recipe.h"
#include "core/train/event_file.h"
#include "core/train/full_evaluation.h"
#include "core/train/stepper.h"
#include "core/train/training_state.h"

namespace welt {

// [one thread] `recipe`, `folder` and `text` must outlive it. `text`: how words are cut and drawn for report.html;
// null: they are not.
class RunWatch {
 public:
  // `step`: the last one of before, where the run is resumed.
  RunWatch(const Recipe& recipe, const RunFolder& folder, const TextFrontEnd* text, std::int64_t step);

  // Now and then report.html is written anew, too. `throughput`: throughput.h; of a model without words it tells what
  // there is in their place.
  void step(const StepReport& report, const TrainingState& state, const nlohmann::json& throughput);
  void evaluation(std::int64_t step, const Evaluation& evaluation);
  // Of a model that is evaluated by other figures: numbers, and objects of numbers.
  void evaluation(std::int64_t step, const nlohmann::json& figures);
  // Writes report.html anew.
  void report();

 private:
  void tell(std::int64_t step, const std::vector<std::pair<std::string, double>>& values);

  const Recipe& recipe_;
  const RunFolder& folder_;
  const TextFrontEnd* text_;
  std::optional<EventFile> events_;
  Clock::time_point reported_ = Clock::now();
  double pause_ = 30;  // seconds to the next report.html: it reads all of the log, which must not slow training down
};

}  // namespace welt
