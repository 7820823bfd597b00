// A training trace: a fixed number of steps over given batches, written down exactly, to lay beside another trainer's.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "core/model/welt_model.h"

namespace welt {

// What trace.json says: {"optimizer": {"type": "AdamW", "betas", "eps", "weight_decay", "clip_grad_norm", "steps",
// "warmup_steps", "final_lr_ratio", "peak_lr"}, "decay": [names], "no_decay": [names], "runs": {name: {"cycle": [batch
// numbers]}}}. Names are those of a checkpoint; together the two lists hold every parameter of the model once.
struct TracePlan {
  nlohmann::json optimizer;
  std::vector<std::string> decay, no_decay;
  std::vector<std::int64_t> cycle;  // step k uses batch cycle[(k−1) mod length]

  // Throws Error naming the file and the key.
  static TracePlan load(const std::filesystem::path& file, const std::string& run);
};

// Step by step: mean loss of the batch, backward, norm over all gradients, clipping, AdamW; in evaluation mode, so no
// dropout. Writes into `out`, which is made where it is missing, steps.jsonl (a line a step: step, batch, lr, loss,
// grad_norm before clipping) and after.safetensors ("<run>/step_<n>/<parameter>" for n = 1, 5, 30 and the last step;
// byte tables folded too). `batches`: tensors "batch_<i>/<field>" (core/parity/dense_batch.h).
void train_trace(WeltModel& model, const TracePlan& plan, const std::filesystem::path& batches, const std::string& run,
                 const std::filesystem::path& out);

}  // namespace welt
