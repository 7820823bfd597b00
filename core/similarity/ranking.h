// How near vectors are: cosines of floating-point ones, 1 − 2·hamming/bits of binary ones; best first, the first k,
// those above a threshold. Equal vectors get equal scores, wherever they stand. Any thread.
#pragma once

#include <span>
#include <vector>

#include "core/similarity/matrix.h"

namespace welt::similarity {

// Every row divided by its length; one of zeros stays what it is.
void normalize(Matrix& matrix);

// Bit i of a row is set where value i is above zero, packed as numpy.packbits does and read as little-endian words of
// 64 bits. dim must be a multiple of 64: throws Error.
BitMatrix binarized(const Matrix& matrix);

// The cosine; 0 where either is zero.
float cosine(std::span<const float> a, std::span<const float> b);
float bit_similarity(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b);

// Of one vector to each row.
std::vector<float> scores(std::span<const float> query, const Matrix& rows);
std::vector<float> scores(std::span<const std::uint64_t> query, const BitMatrix& rows);

// Of each row of `a` to each row of `b`, into out [a.rows, b.rows]. `a` and `b` are normalized. threads 0: all.
void score_matrix(const Matrix& a, const Matrix& b, std::span<float> out, int threads);
void score_matrix(const BitMatrix& a, const BitMatrix& b, std::span<float> out, int threads);

// Places by falling score, equal ones in their order.
std::vector<std::size_t> order_of(std::span<const float> scores);
// Places with a score above the threshold, in their order. A threshold that is no number is an Error.
std::vector<std::size_t> above(std::span<const float> scores, double threshold);

}  // namespace welt::similarity
