// A whole training run: steps, log, evaluation, checkpoints, resume, orderly stop.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/metrics/ngram.h"
#include "core/recipe/recipe.h"
#include "core/train/full_evaluation.h"
#include "core/train/samples.h"

namespace welt {

struct TrainResult {
  std::filesystem::path run, checkpoint;
  bool finished_before = false;           // there was nothing to do: nothing else is filled in but last_step
  std::int64_t last_step = 0, steps = 0;  // `steps` as planned
  double seconds = 0, words_per_second = 0, loss = 0;  // of the whole run; loss of its last step
  std::int64_t parameters = 0;
  std::optional<LossSums> before;  // held-out text
  std::optional<Evaluation> after;
  // Of a model with both encoders: held-out text read with one of them alone.
  std::optional<LossSums> without_image_encoder, without_bytes_encoder;
  std::vector<Sample> samples;
  std::optional<NgramBaseline> baseline;  // on the same text, where all of it was evaluated
  std::string no_baseline;                // why there is none, where there is held-out text
  std::int64_t peak_memory = 0;           // bytes, resident
  nlohmann::json best;                    // {"metric", "value", "step"} of the best evaluation, where one is kept
  bool stopped_early = false;             // by train.patience
  std::string ended_by;                   // the key that did: train.steps, train.patience or train.minutes
  nlohmann::json sources;                 // of a mixture: {"name", "documents", "words", "bytes", "share"} of each
  nlohmann::json throughput;              // of this session (throughput.h)
  std::string profile;                    // the table of --profile
  int signal = 0;                         // SIGINT, SIGTERM or SIGHUP: stopped before the end
  nlohmann::json to_json() const;
};

struct TrainOptions {
  bool resume = false;  // continue the newest run of that name from its newest whole checkpoint (none: start)
  // Keys of pins.h whose change a resumed run takes: "train.learning_rate", "data.train.files", "plugins".
  std::vector<std::string> allow_changes = {};
  std::int64_t profile = 0;  // steps, behind two others where there are so many, into profile/ of the run folder
};

// Runs the recipe's training. A run that is finished is left as it is.
TrainResult train(const Recipe& recipe, const TrainOptions& options);

}  // namespace welt
