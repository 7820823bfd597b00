// Adafactor (Shazeer & Stern 2018, arXiv 1804.04235) as transformers has it: the mean squares of a matrix's gradients
// are kept as those of its rows and of its columns, so that the state takes next to no memory.
//
// u = g / √(r cᵀ / mean(r)), scaled down to a root mean square of `clip` at most; p ← p (1 − s·wd) − s · u, where s is
// the learning rate, or with scale_parameter × the root mean square of p (from 1e-3 on).
#pragma once

#include "core/train/optimizer.h"

namespace welt {

struct AdafactorOptions {
  double decay = 0.8;            // after t steps the means keep 1 − t^−decay of themselves
  double clip = 1;               // largest root mean square of an update, before the rate
  bool scale_parameter = false;  // the rate is relative to the parameter's size
};

// State: exp_avg_sq_row and exp_avg_sq_col of the two last dimensions, or where there is one exp_avg_sq (what a
// parameter does not have is empty); step.
class AdafactorRule : public UpdateRule {
 public:
  explicit AdafactorRule(const AdafactorOptions& options) : options_(options) {}
  std::string_view name() const override { return "adafactor"; }
  std::vector<std::string> state_names() const override {
    return {"exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_sq", "step"};
  }
  void prepare(OptimizerSlot& slot) const override;
  std::string complaint(std::string_view state, const at::Tensor& values) const override;
  void step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const override;

 private:
  void step_one(OptimizerSlot& slot, double rate, double weight_decay) const;

  AdafactorOptions options_;
};

}  // namespace welt
