// Muon (Jordan et al. 2024), of matrices: m ← mu m + g; the update is m orthogonalised, or with Nesterov's look ahead
// g + mu m.
#pragma once

#include "core/train/optimizer.h"
#include "core/train/orthogonalize.h"

namespace welt {

struct MuonOptions {
  double momentum = 0.95, epsilon = 1e-8;
  bool nesterov = false;
  const Orthogonalization* by = &orthogonalizations().front();
  const RateAdjustment* adjustment = &rate_adjustments().front();
  at::ScalarType products = at::kFloat;  // of orthogonalize()
};

// State: momentum.
class MuonRule : public UpdateRule {
 public:
  explicit MuonRule(const MuonOptions& options) : options_(options) {}
  std::string_view name() const override { return "muon"; }
  std::vector<std::string> state_names() const override { return {"momentum"}; }
  void prepare(OptimizerSlot& slot) const override;
  void step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const override;

 private:
  MuonOptions options_;
};

}  // namespace welt
