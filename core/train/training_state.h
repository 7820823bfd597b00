// What a checkpoint has beside the model and the optimizer: where training stands (training/state.json).
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "core/data/dataset.h"
#include "core/metrics/accumulator.h"
#include "core/train/best.h"

namespace welt {

// Figures are those of the whole run, whatever the number of sessions it took.
struct TrainingState {
  std::int64_t step = 0;
  IteratorState data;
  double seconds = 0, step_seconds = 0;  // wall time of all sessions; of the steps alone
  std::int64_t words = 0;                // trained on
  double loss = 0;                       // of the last step
  std::int64_t micro_batches = 1;        // that a batch is computed in (core/train/micro_batches.h)
  std::optional<LossSums> before;        // on held-out text, before the first step
  Best best;
  bool stopped_early = false;  // by train.patience

  // Throws Error (data_loss) naming the file and what to do.
  static TrainingState load(const std::filesystem::path& checkpoint);
  void save(const std::filesystem::path& checkpoint) const;
  double words_per_second() const { return step_seconds > 0 ? static_cast<double>(words) / step_seconds : 0; }
};

}  // namespace welt
