// k-means with the k-means++ start, run several times. Reference: WordLlama's kmeans; Arthur and Vassilvitskii 2007.
#pragma once

#include <cstdint>
#include <vector>

#include "core/similarity/matrix.h"

namespace welt::similarity {

struct KMeansOptions {
  std::size_t k = 8;
  std::uint32_t random_state = 0;  // of numpy's RandomState
  int runs = 10, min_iterations = 5, max_iterations = 100;
  double tolerance = 1e-4;  // of the inertia, between two iterations
  int threads = 0;          // 0: all cores
};

struct Clusters {
  std::vector<std::int64_t> labels;
  double inertia = 0;  // squared distances to the centres, summed
};

// The run of the least inertia, of equal ones the first. The same for the same random_state, however many threads.
// Throws Error for k of 0 or above the number of rows, and for options that are out of range.
Clusters kmeans(const Matrix& rows, const KMeansOptions& options);

}  // namespace welt::similarity
