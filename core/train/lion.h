// Lion (Chen et al. 2023, arXiv 2302.06675): p ← p (1 − lr·wd) − lr · sign(b1 m + (1 − b1) g), then m ← b2 m + (1 − b2)
// g.
#pragma once

#include "core/train/optimizer.h"

namespace welt {

// State: momentum.
class LionRule : public UpdateRule {
 public:
  LionRule(double beta1, double beta2) : beta1_(beta1), beta2_(beta2) {}
  std::string_view name() const override { return "lion"; }
  std::vector<std::string> state_names() const override { return {"momentum"}; }
  void prepare(OptimizerSlot& slot) const override;
  void step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const override;

 private:
  double beta1_, beta2_;
};

}  // namespace welt
