// Optimizers on given gradients, for comparing them step by step with other implementations.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

namespace welt {

struct OptimizerTrace {
  std::filesystem::path runs;     // JSON: {"kept": [step], "no_gradient_in_steps": {tensor: [step]}, "runs": [run]}
  std::filesystem::path tensors;  // start/<tensor>, gradient/<tensor> [steps, …], q/<run>/<tensor>
  std::string run;                // a run's name
  at::ScalarType dtype = at::kDouble;
  std::filesystem::path out;  // <step>/<tensor> of the steps that are kept
};

// The steps that were taken. A run: {"name", "optimizer": adamw, lion, muon, dion or dion2, "settings", "lr": [rate of
// each step], "tensors", "groups": [{"algorithm", "tensors", "weight_decay", "lr_factor"}]}. Throws Error naming file,
// run and key.
std::int64_t trace_optimizer(const OptimizerTrace& trace);

}  // namespace welt
