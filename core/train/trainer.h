// A whole training run: steps, log, evaluation, checkpoints, resume, orderly stop.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/metrics/ngram.h"
#include "core/recipe/recipe.h"
#include "core/train/evaluation.h"
#include "core/train/samples.h"

namespace welt {

struct TrainResult {
  std::filesystem::path run, checkpoint;
  std::int64_t first_step = 0, last_step = 0, steps = 0;  // `steps` as planned
  double seconds = 0, words_per_second = 0, loss = 0;     // of this session; loss of its last step
  std::int64_t parameters = 0;
  std::optional<LossSums> before, after;  // held-out text
  // Of a model with both encoders: held-out text read with one of them alone.
  std::optional<LossSums> without_image_encoder, without_bytes_encoder;
  std::vector<Sample> samples;
  std::optional<NgramBaseline> baseline;  // on the same text, where all of it was evaluated
  std::int64_t peak_memory = 0;           // bytes, resident
  int signal = 0;                         // SIGINT or SIGTERM: stopped before the end
  nlohmann::json to_json() const;
};

// Runs the recipe's training. `resume`: continue the newest run of that name from its last checkpoint (none: start).
TrainResult train(const Recipe& recipe, bool resume);

// What differs between two recipes in keys that decide the result of training: one line each.
std::vector<std::string> training_differences(const Recipe& before, const Recipe& now);

}  // namespace welt
