// Where a series of similarities has its minima: the places where a text changes its subject.
#pragma once

#include <vector>

#include "core/similarity/matrix.h"

namespace welt::similarity {

struct Minima {
  std::vector<std::int64_t> index;
  std::vector<float> value;
};

// Places where the first derivative of a Savitzky-Golay filter (1964) goes from below to above zero and the second is
// positive; of the two neighbours the nearer one. Throws Error for a window that is even, below 3 or above 999, and for
// an order that is below 2 or not below the window. Reference: WordLlama's find_local_minima.
Minima local_minima(const std::vector<float>& values, int window, int order);

// For each row the mean product of the pairs of rows at most window / 2 away from it. Throws Error for a window that is
// even, below 3 or above 999. Reference: WordLlama's windowed_cross_similarity.
std::vector<float> windowed_similarity(const Matrix& rows, int window);

// The value below which `share` of the values lie, between two of them in proportion; as numpy.quantile of float32.
// Not a number where one of them is none. There is at least one.
float quantile(std::vector<float> values, float share);

}  // namespace welt::similarity
