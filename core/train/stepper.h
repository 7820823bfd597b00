// One optimizer step: micro-batches, gradients, clipping, update. What `welt run` repeats and `welt bench train` times.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/data/dataset.h"
#include "core/model/welt_model.h"
#include "core/recipe/recipe.h"
#include "core/train/gradients.h"
#include "core/train/optimizers.h"
#include "core/train/schedule.h"

namespace welt {

struct StepperOptions {
  std::uint64_t seed = 42;
  std::int64_t accumulate = 1;
  std::int64_t chunk_tokens = 8192;
  bool amp = false;
  double modality_dropout = 0;                // see draw_modalities()
  bool independent_modality_dropout = false;  // as the Python reference
  ScheduleOptions schedule;
  double clip = 1.0;          // largest L2 norm of the gradients; 0: no clipping
  bool clip_by_part = false;  // of each part of the model by its own, not of all together
  // For so many steps only byte tables, head, mappings and norms between parts learn; then the others' rate rises.
  std::int64_t freeze_steps = 0, unfreeze_steps = 0;
  std::vector<std::string> frozen = {};  // parts (core/train/parameter_kinds.h) that never learn
  OptimizerFactory optimizer;
};

// `micro_batches`: that each batch of the recipe comes in.
StepperOptions stepper_options(const Recipe& recipe, std::int64_t micro_batches = 1);

// What a micro-batch reads: one draw decides for both encoders. With probability p/2 the bytes are left out, with p/2
// the images; a model with one encoder always reads it. `independent` (the Python reference): each is left out with
// probability p by a draw of its own. The draws are Philox(seed, step, micro_step): resume needs no state.
Modalities draw_modalities(const StepperOptions& options, Modalities available, std::int64_t step,
                           std::uint32_t micro_step);

struct StepReport {
  std::int64_t step = 0;
  double loss = 0;                     // of the objective per label byte (cross entropy: nats), over the whole step
  std::optional<double> further_loss;  // the same of the words behind the next one, where heads for them learn
  std::optional<double> masked_loss;   // and of the words that were masked
  double gradient_norm = 0;            // before clipping
  std::map<std::string, double> part_norms;  // of each part of the model (core/train/parameter_kinds.h)
  double learning_rate = 0;
  std::int64_t words = 0, bytes = 0, label_bytes = 0;  // real ones
  std::int64_t slots = 0;                              // word slots of the rows, empty ones included
  // Byte positions of the distinct words and of the labelled rows, and what a batch padded to its longest word holds.
  std::int64_t encoder_tokens = 0, decoder_tokens = 0, padded_encoder_tokens = 0, padded_decoder_tokens = 0;
  double data_seconds = 0, optimizer_seconds = 0, total_seconds = 0;
  PassStatistics passes;
};

class Stepper {
 public:
  Stepper(WeltModel& model, const Dataset& data, const StepperOptions& options, IteratorState position = {});

  // Step k = 1, 2, …. Throws Error (aborted) when loss or gradients are not finite, naming step, batch and parameter
  // group; parameters are then as before the step.
  StepReport step(std::int64_t k);

  Optimizer& optimizer() { return *optimizer_; }
  IteratorState position() const { return position_; }  // of the batches after the last step

 private:
  std::string first_not_finite(const std::vector<std::shared_ptr<const Batch>>& batches);
  void clip(const StepReport& report);
  double held_share(std::int64_t step) const;

  WeltModel& model_;
  StepperOptions options_;
  Gradients gradients_;
  Gradients frozen_, held_;  // of parameters that never learn, and that learn later
  std::vector<std::pair<std::string, Gradients>> parts_;
  std::vector<std::size_t> part_of_;  // of each parameter, its place in parts_
  std::unique_ptr<Optimizer> optimizer_;
  BatchLoader loader_;
  IteratorState position_;
};

}  // namespace welt
