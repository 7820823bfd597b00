// See bench_train.h.
#include "core/train/bench_train.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "core/base/progress.h"
#include "core/train/resources.h"
#include "core/train/session.h"
#include "core/train/stepper.h"

namespace welt {
namespace {

template <typename F>
double median(const std::vector<StepReport>& reports, F figure) {
  std::vector<double> values;
  for (const StepReport& report : reports) values.push_back(figure(report));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

nlohmann::json bench_train(const Recipe& recipe, std::int64_t steps, std::int64_t warmup) {
  Session session = open_session(recipe, SessionUse::train);
  Stepper stepper(session.model, *session.train, stepper_options(recipe));
  Progress progress("bench", steps + warmup);
  std::vector<StepReport> reports;
  for (std::int64_t k = 1; k <= warmup + steps; ++k) {
    const StepReport report = stepper.step(k);
    if (k > warmup) reports.push_back(report);
    progress.update(k);
  }
  double words = 0, bytes = 0, slots = 0, seconds = 0;
  for (const StepReport& report : reports) {
    words += static_cast<double>(report.words);
    bytes += static_cast<double>(report.bytes);
    slots += static_cast<double>(report.slots);
    seconds += report.total_seconds;
  }
  const auto ms = [&](auto figure) { return 1e3 * median(reports, figure); };
  // Rows of bytes are packed: the encoder and the decoder compute no padding at all.
  return {{"precision", recipe.string("precision")},
          {"threads", at::get_num_threads()},
          {"steps", steps},
          {"parameters", session.model.parameter_count()},
          {"words_per_step", words / static_cast<double>(steps)},
          {"words_per_second", words / seconds},
          {"bytes_per_second", bytes / seconds},
          {"milliseconds",
           {{"step", ms([](const StepReport& r) { return r.total_seconds; })},
            {"data", ms([](const StepReport& r) { return r.data_seconds; })},
            {"encode", ms([](const StepReport& r) { return r.times.encode; })},
            {"latent", ms([](const StepReport& r) { return r.times.latent; })},
            {"decoder", ms([](const StepReport& r) { return r.times.decoder; })},
            {"backward", ms([](const StepReport& r) { return r.times.backward; })},
            {"optimizer", ms([](const StepReport& r) { return r.optimizer_seconds; })}}},
          {"padding_share", {{"words", 1.0 - words / slots}, {"encoder", 0.0}, {"decoder", 0.0}}},
          {"peak_memory_bytes", peak_memory()}};
}

}  // namespace welt
