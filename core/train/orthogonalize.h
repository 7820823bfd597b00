// The nearest matrix with orthogonal rows or columns, nearly: odd polynomials a X + (b G + c G²) X, G = X Xᵀ, one after
// the other, drive all singular values towards 1. What Muon and Dion2 make their updates with.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

namespace welt {

struct Orthogonalization {
  std::string_view name, help;
  double safety;                // X starts as X / (‖X‖ · safety + eps)
  std::vector<double> factors;  // a, b, c of each polynomial
};

// polar_express (Amsel et al. 2025, arXiv 2505.16932), five_steps (microsoft/dion before it), keller (K. Jordan's
// Muon).
const std::vector<Orthogonalization>& orthogonalizations();

// matrix [m,n], floating → the same shape and type. `products`: at::kBFloat16 multiplies a float32 matrix in bfloat16, as
// the authors of Muon and Dion do; what comes out is a step's direction, of which few bits count.
at::Tensor orthogonalize(const at::Tensor& matrix, const Orthogonalization& by, double epsilon,
                         at::ScalarType products = at::kFloat);

// How a learning rate fits an orthogonal update of a matrix's shape.
struct RateAdjustment {
  std::string_view name, help;
  double (*factor)(double rows, double columns);
};
const std::vector<RateAdjustment>& rate_adjustments();

}  // namespace welt
