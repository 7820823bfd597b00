// See objective.h.
#include "core/model/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/softmax.h>

#include "core/kernels/cross_entropy.h"
#include "core/recipe/choices.h"

namespace welt {

namespace {

// The squared distance between the wave embedding that the model expects, Σ_b P(b) e(b), and that of the true byte t.
//
// e(b)[k] = A sin(b ω_k + φ) with ω_k = 2π k / 256, φ = π / 4, A = √(2 / 256), k = 0 … 255: the formula of the seed
// with the byte itself in the argument and the whole frequencies of 256 values, so that nothing of a byte's identity is
// lost (a position p beside it, sin((b + p) ω_k + φ), turns all bytes' waves alike and leaves the distance). These 256
// waves are orthonormal, the rows of the discrete Hartley transform, so that the distance is that of the distributions,
// Σ_b P(b)² − 2 P(t) + 1: the Brier score, least in the mean for the true probabilities.
at::Tensor wave_distance(const at::Tensor& logits, const at::Tensor& targets) {
  const at::Tensor p = at::softmax(logits, -1, logits.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  return p.square().sum() - p.gather(-1, targets.unsqueeze(-1)).sum() * 2 + targets.numel();
}

}  // namespace

const std::vector<Objective>& objectives() {
  static const std::vector<Objective> all{
      {"cross_entropy", "the nats of each byte and of each word's end", byte_cross_entropy},
      {"mse", "the squared distance to the true next byte's wave embedding, of the one that is expected",
       wave_distance}};
  return all;
}

void add_objective_keys(std::vector<RecipeKey>& keys) {
  keys.push_back(table_key("train.objective", "cross_entropy", "What the model learns by", objectives()));
}

const Objective& objective_of(const Recipe& recipe) {
  return find_choice(objectives(), recipe.string("train.objective"), "train.objective");
}

}  // namespace welt
