// What a static embedding learns from pairs of texts, and the signs that it may learn with.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace welt {

// Signs forward; backward the gradient is let through (a straight-through estimator). The forms are WordLlama's:
//   ste    where |x| ≤ 1, unchanged
//   tanh   × 1 − tanh² x, the derivative of tanh
//   reste  where |x| ≤ 1.5, × (1/o) |x|^((1−o)/o), that of |x|^(1/o); below 0.1 the slope of its chord there. For
//          o = 1, WordLlama's, that is 1
struct Binarizer {
  std::string_view name;
  std::string_view help;
};
const std::vector<Binarizer>& binarizers();  // "none" first
// x [...] floating → the same shape: −1, 0 or 1; x itself for "none".
at::Tensor binarized(const at::Tensor& x, std::string_view form, double reste_power = 1);

// Multiple negatives ranking (Henderson et al. 2017): first [B,D] and second [B,D]; of each first text all second ones
// are candidates, its own is the right one. Mean over the B texts of the cross entropy of scale · cosine, in nats.
// A vector of zeros has cosine 0. A text that is in a batch twice is a wrong candidate for its other pair, as in
// WordLlama.
at::Tensor ranking_loss(const at::Tensor& first, const at::Tensor& second, double scale);

// Its sum over the first d columns, for each d of `dims` (Kusupati et al. 2022), each normalized by itself.
at::Tensor matryoshka_loss(const at::Tensor& first, const at::Tensor& second, std::span<const std::int64_t> dims,
                           double scale);

// How many of the first texts have the largest cosine with their own second text; of equal ones the first in the batch
// counts. float32 [B,D] both.
std::int64_t ranked_first(const at::Tensor& first, const at::Tensor& second);

}  // namespace welt
