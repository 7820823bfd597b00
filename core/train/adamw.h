// AdamW with decoupled weight decay (Loshchilov & Hutter 2019), fused over all parameters by LibTorch.
//
// p ← p (1 − lr·wd); p ← p − lr · m̂ / (√v̂ + eps). Two groups: with decay (matrices and tables) and without (norms and
// biases).
#pragma once

#include "core/train/optimizer.h"

namespace welt {

struct AdamWOptions {
  double weight_decay = 0.01, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
};

class AdamW : public Optimizer {
 public:
  AdamW(const std::vector<ModelParameter>& parameters, const AdamWOptions& options);
  void step(double learning_rate) override;
  // "<parameter>.exp_avg", ".exp_avg_sq", ".step".
  std::vector<std::pair<std::string, at::Tensor*>> state() override;

 private:
  struct Slot {
    ModelParameter parameter;
    at::Tensor exp_avg, exp_avg_sq, step;
  };
  AdamWOptions options_;
  std::vector<Slot> slots_;
};

void add_adamw_keys(std::vector<RecipeKey>& keys);
OptimizerFactory adamw_of(const Recipe& recipe);

}  // namespace welt
