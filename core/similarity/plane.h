// Rows as points of a plane, to be looked at.
#pragma once

#include <functional>

#include "core/similarity/matrix.h"

namespace welt::similarity {

// More rows than these have too many pairs for neighbours().
inline constexpr std::size_t most_neighbour_rows = 5000;

// The two directions in which rows differ most (principal components), [rows, 2]. Of each the sign is that which makes
// its largest value positive.
Matrix principal_plane(const Matrix& rows, int threads = 0);

struct NeighbourOptions {
  double perplexity = 30;  // how many neighbours count, about
  int iterations = 750;
  int threads = 0;
  std::function<void(int done)> progress = {};
};

// Points that have the same neighbours as the rows, [rows, 2], begun from principal_plane(): t-SNE with all pairs. The
// same for the same rows, however many threads. Throws Error for more than most_neighbour_rows, and for a perplexity or
// a number of iterations below 1. Reference: van der Maaten and Hinton 2008.
Matrix neighbour_plane(const Matrix& rows, const NeighbourOptions& options = {});

}  // namespace welt::similarity
