// See training_state.h.
#include "core/train/training_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

fs::path state_file(const fs::path& checkpoint) { return checkpoint / "training" / "state.json"; }

TrainingState from_json(const Json& json) {
  TrainingState state;
  state.step = json.at("step");
  if (state.step < 0) fail({"step", std::to_string(state.step), "a number of steps", {}}, ErrorCode::data_loss);
  state.data = IteratorState::from_json(json.at("data"));
  state.seconds = json.value("seconds", 0.0);
  state.step_seconds = json.value("step_seconds", 0.0);
  state.words = json.value("words", std::int64_t{0});
  state.loss = json.value("loss", 0.0);
  state.micro_batches = std::max(json.value("micro_batches", std::int64_t{1}), std::int64_t{1});
  state.stopped_early = json.value("stopped_early", false);
  if (json.contains("best")) {
    const Json& best = json.at("best");
    state.best = {.metric = best.value("metric", ""),
                  .value = best.at("value").get<double>(),
                  .step = best.at("step"),
                  .waiting = best.at("waiting")};
  }
  if (json.contains("before")) {
    const Json& sums = json.at("before");
    const auto labels = sums.value("label_bytes", std::int64_t{0}), words = sums.value("words", std::int64_t{0});
    state.before = LossSums{.nats = sums.value("nats", 0.0),
                            .text_bytes = sums.value("text_bytes", labels - words),  // older states were of bytes
                            .label_bytes = labels,
                            .correct_bytes = sums.value("correct_bytes", std::int64_t{0}),
                            .words = words,
                            .correct_words = sums.value("correct_words", std::int64_t{0})};
  }
  return state;
}

}  // namespace

TrainingState TrainingState::load(const fs::path& checkpoint) {
  const fs::path file = state_file(checkpoint);
  const std::string text = read_file(file);
  try {
    return with_context(file.string(), [&] { return from_json(parse_json(text)); });
  } catch (const Json::exception& error) {
    fail({file.string(), fmt::format("not the state of a training run ({})", error.what()),
          "an object with step and data", "Remove this checkpoint to resume from the one before"},
         ErrorCode::data_loss);
  }
}

void TrainingState::save(const fs::path& checkpoint) const {
  Json json{{"step", step},       {"data", data.to_json()},
            {"seconds", seconds}, {"step_seconds", step_seconds},
            {"words", words},     {"loss", loss}};
  if (micro_batches > 1) json["micro_batches"] = micro_batches;
  if (stopped_early) json["stopped_early"] = true;
  if (best.value)
    json["best"] = {{"metric", best.metric}, {"value", *best.value}, {"step", best.step}, {"waiting", best.waiting}};
  if (before)
    json["before"] = {{"nats", before->nats},
                      {"text_bytes", before->text_bytes},
                      {"label_bytes", before->label_bytes},
                      {"correct_bytes", before->correct_bytes},
                      {"words", before->words},
                      {"correct_words", before->correct_words}};
  write_json(state_file(checkpoint), json);
}

}  // namespace welt
