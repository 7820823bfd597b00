// Principal components of a table's rows, and weights of its rows by their rank: what a distilled embedding is made of.
//
// Follows model2vec 0.10 (distill/inference.py: apply_pca, compute_weights), in float64. Any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace welt {

// The rows' scores on their first components, of which each gets the sign that makes its largest score positive.
//   rows [V, D] float32, components 1 to D, V above 1 → [V, components] float32
// `explained`, if not null, becomes the share of the variance that they have.
at::Tensor principal_components(const at::Tensor& rows, std::int64_t components, double* explained = nullptr);

// A row's weight a / (a + p): p is the probability that Zipf's law gives to its rank, the first row's rank being 2, and
// `a` the coefficient of smooth inverse frequency (Arora et al. 2017). → [rows] float64
at::Tensor zipf_weights(std::int64_t rows, double coefficient);

}  // namespace welt
