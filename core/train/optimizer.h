// AdamW with decoupled weight decay (Loshchilov & Hutter 2019), fused over all parameters by LibTorch.
//
// p ← p (1 − lr·wd); p ← p − lr · m̂ / (√v̂ + eps). Two groups: with decay (matrices and tables) and without (norms and
// biases). A parameter without gradient is not touched, not even by decay.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/model/welt_model.h"

namespace welt {

struct AdamWOptions {
  double weight_decay = 0.01, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double clip = 1.0;  // largest L2 norm of all gradients together; 0: no clipping
};

class AdamW {
 public:
  AdamW(const std::vector<ModelParameter>& parameters, const AdamWOptions& options);

  // L2 norm over all gradients (before clipping).
  double gradient_norm() const;
  // Clips by min(1, clip / (norm + 1e-6)), updates, and drops the gradients.
  void step(double learning_rate, double norm);

  // "<parameter>.exp_avg", ".exp_avg_sq", ".step" in one file; load reports everything missing at once.
  void save(const std::filesystem::path& file) const;
  void load(const std::filesystem::path& file);

  // "parameter group bytes_decoder (bytes_decoder.model.norm.weight)" of the first value or gradient that is not
  // finite;
  // "": all are.
  std::string first_not_finite() const;

 private:
  struct Slot {
    ModelParameter parameter;
    at::Tensor exp_avg, exp_avg_sq, step;
  };
  AdamWOptions options_;
  std::vector<Slot> slots_;
};

}  // namespace welt
