// Dion (Ahn et al. 2025, arXiv 2504.05295), of matrices: a low-rank orthogonal update whose error stays in the
// momentum.
//
// m ← m + g; P = orthonormal basis of m Q; R = mᵀ P; m ← m − (1 − mu) P Rᵀ; Q ← R, its columns made length 1;
// p ← p − lr √(rows/columns) P Qᵀ.
#pragma once

#include "core/train/optimizer.h"

namespace welt {

struct DionOptions {
  double momentum = 0.95, epsilon = 1e-8;
  std::int64_t rank = 64;  // at most the shorter side
};

// State: momentum, Q [columns, rank], drawn from the default generator at first.
class DionRule : public UpdateRule {
 public:
  explicit DionRule(const DionOptions& options) : options_(options) {}
  std::string_view name() const override { return "dion"; }
  std::vector<std::string> state_names() const override { return {"momentum", "Q"}; }
  void prepare(OptimizerSlot& slot) const override;
  void step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const override;

 private:
  DionOptions options_;
};

}  // namespace welt
