// AdamW with decoupled weight decay (Loshchilov & Hutter 2019), fused over all parameters by LibTorch.
//
// p ← p (1 − lr·wd); p ← p − lr · m̂ / (√v̂ + eps). A parameter's steps are counted from its first gradient.
#pragma once

#include "core/model/welt_model.h"
#include "core/train/optimizer.h"

namespace welt {

struct AdamWOptions {
  double weight_decay = 0.01, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
};

// State: exp_avg, exp_avg_sq, step.
class AdamWRule : public UpdateRule {
 public:
  explicit AdamWRule(const AdamWOptions& options) : options_(options) {}
  std::string_view name() const override { return "adamw"; }
  std::vector<std::string> state_names() const override { return {"exp_avg", "exp_avg_sq", "step"}; }
  void prepare(OptimizerSlot& slot) const override;
  std::string complaint(std::string_view state, const at::Tensor& values) const override;
  void step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const override;

 private:
  AdamWOptions options_;
};

// Over all of them, weight decay where ModelParameter::decay says so.
class AdamW : public Optimizer {
 public:
  AdamW(const std::vector<ModelParameter>& parameters, const AdamWOptions& options);
};

}  // namespace welt
