// Dion2 (microsoft/dion), of matrices: only a fraction of the rows or columns is orthogonalised in a step, those whose
// momentum has the largest L1 norm; of these alone the momentum fades.
#pragma once

#include "core/train/optimizer.h"
#include "core/train/orthogonalize.h"

namespace welt {

struct Dion2Options {
  double fraction = 0.25;  // of the shorter side (rows, if they are as many as columns)
  double decay = 0.95;     // of the momentum that was used
  double epsilon = 1e-8;
  const Orthogonalization* by = &orthogonalizations().front();
  const RateAdjustment* adjustment = &rate_adjustments().front();
  at::ScalarType products = at::kFloat;  // of orthogonalize()
};

// State: momentum.
class Dion2Rule : public UpdateRule {
 public:
  explicit Dion2Rule(const Dion2Options& options) : options_(options) {}
  std::string_view name() const override { return "dion2"; }
  std::vector<std::string> state_names() const override { return {"momentum"}; }
  void prepare(OptimizerSlot& slot) const override;
  void step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const override;

 private:
  Dion2Options options_;
};

}  // namespace welt
