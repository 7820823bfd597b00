// Kernels, ranking, duplicates and k-means against their plain definitions; what cannot be is refused.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/base/error.h"
#include "core/similarity/duplicates.h"
#include "core/similarity/exact_sum.h"
#include "core/similarity/kernels.h"
#include "core/similarity/kmeans.h"
#include "core/similarity/local_minima.h"
#include "core/similarity/ranking.h"

namespace welt::similarity {
namespace {

Matrix random_rows(std::size_t rows, std::size_t dim, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Matrix out(rows, dim);
  for (float& value : out.values) value = normal(random);
  return out;
}

TEST(SimilarityKernels, TheFastFormsEqualThePlainOnes) {
  const Kernels &fast = kernels(), &plain = portable_kernels();
  for (const std::size_t dim : {1u, 7u, 8u, 31u, 64u, 100u, 256u}) {
    const Matrix rows = random_rows(2, dim, static_cast<unsigned>(dim));
    EXPECT_NEAR(fast.dot(rows.row(0), rows.row(1), dim), plain.dot(rows.row(0), rows.row(1), dim), 1e-4);
    const std::vector<double> centre(rows.row(1), rows.row(1) + dim);
    EXPECT_NEAR(fast.squared_distance(rows.row(0), centre.data(), dim),
                plain.squared_distance(rows.row(0), centre.data(), dim), 1e-9);
    std::vector<float> sums[2] = {std::vector<float>(dim), std::vector<float>(dim)};
    std::vector<std::uint16_t> halves(dim);
    for (std::size_t i = 0; i < dim; ++i) halves[i] = static_cast<std::uint16_t>(i * 977 + 1);
    for (auto& half : halves)
      if ((half & 0x7C00) == 0x7C00) half &= 0x83FF;  // no infinities
    fast.add_f16(sums[0].data(), halves.data(), dim);
    plain.add_f16(sums[1].data(), halves.data(), dim);
    EXPECT_EQ(sums[0], sums[1]);
  }
  const Matrix a = random_rows(tile_rows, 40, 1), panel = random_rows(40, tile_columns, 2);
  for (std::size_t count = 1; count <= tile_rows; ++count) {
    float out[2][tile_rows * tile_columns];
    fast.tile(a.row(0), a.dim, count, panel.row(0), 40, out[0]);
    plain.tile(a.row(0), a.dim, count, panel.row(0), 40, out[1]);
    for (std::size_t i = 0; i < count * tile_columns; ++i) EXPECT_NEAR(out[0][i], out[1][i], 1e-4);
  }
}

TEST(SimilarityKernels, EveryFloat16IsConvertedExactly) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const int exponent = half >> 10 & 31;
    if (exponent == 31) continue;
    const double fraction = half & 0x3FF;
    double value = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if ((half & 0x8000) != 0) value = -value;
    float sum = 0;
    portable_kernels().add_f16(&sum, &half, 1);
    ASSERT_EQ(static_cast<double>(sum), value) << bits;
  }
}

TEST(Similarity, SumsAreExact) {
  ExactSum sum;
  for (const double value : {1e100, 1.0, -1e100, 1e-30, 1e16, 1.0, -1e16}) sum.add(value);
  EXPECT_EQ(sum.value(), 2.0);
  EXPECT_EQ(ExactSum().value(), 0.0);
}

TEST(Similarity, EqualVectorsGetEqualScoresWhereverTheyStand) {
  Matrix rows = random_rows(50, 100, 3);
  for (std::size_t i = 1; i < 50; i += 7) std::copy_n(rows.row(0), 100, rows.row(i));
  const std::vector<float> query(rows.row(5), rows.row(5) + 100), found = scores(query, rows);
  for (std::size_t i = 1; i < 50; i += 7) EXPECT_EQ(found[i], found[0]);
  const auto order = order_of(found);
  EXPECT_EQ(order[0], 5u);
  std::size_t last = 0;
  for (const std::size_t place : order) {
    if (found[place] != found[0]) continue;
    EXPECT_TRUE(place == 0 || place > last);
    last = place;
  }
}

TEST(Similarity, AMatrixOfScoresEqualsTheScoresOneByOne) {
  Matrix a = random_rows(13, 64, 4), b = random_rows(37, 64, 5);
  normalize(a);
  normalize(b);
  std::vector<float> out(13 * 37);
  score_matrix(a, b, out, 2);
  const BitMatrix bits_a = binarized(a), bits_b = binarized(b);
  std::vector<float> bits(13 * 37);
  score_matrix(bits_a, bits_b, bits, 2);
  for (std::size_t i = 0; i < 13; ++i) {
    for (std::size_t k = 0; k < 37; ++k) {
      EXPECT_NEAR(out[i * 37 + k], cosine({a.row(i), 64}, {b.row(k), 64}), 1e-6);
      EXPECT_EQ(bits[i * 37 + k], bit_similarity({bits_a.row(i), 1}, {bits_b.row(k), 1}));
    }
  }
}

TEST(Similarity, ZerosScoreZeroAndAreNeverNotANumber) {
  Matrix rows(2, 64);
  normalize(rows);
  EXPECT_EQ(rows.values, std::vector<float>(128));
  EXPECT_EQ(scores(std::vector<float>(64), rows), std::vector<float>(2));
  EXPECT_EQ(scores(std::vector<std::uint64_t>(1), binarized(rows)), std::vector<float>(2, 1.0F));
}

TEST(Similarity, WhatIsNoNumberIsNeitherSortedNorAThreshold) {
  std::vector<float> values(100);
  for (std::size_t i = 0; i < 100; ++i) values[i] = static_cast<float>(i);
  EXPECT_EQ(quantile(values, 0.5F), 49.5F);
  for (std::size_t i = 0; i < 100; i += 3) values[i] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(quantile(values, 0.5F)));
  EXPECT_THROW(above(values, std::numeric_limits<double>::quiet_NaN()), Error);
}

TEST(Similarity, BitsArePackedAsNumpyPacksThem) {
  Matrix row(1, 64);
  row.values[0] = row.values[9] = 1;  // first bit of byte 0, second of byte 1
  EXPECT_EQ(binarized(row).values[0], 0x4080u);
  EXPECT_THROW(binarized(Matrix(1, 100)), Error);
}

// Rows in bunches, so that there are duplicates at every distance.
Matrix bunches(std::size_t rows, std::size_t dim) {
  Matrix out = random_rows(rows, dim, 6);
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (std::size_t i = 20; i < rows; ++i) {
    const float spread = static_cast<float>(i % 10) / 8;
    for (std::size_t k = 0; k < dim; ++k) out.row(i)[k] = out.row(i % 20)[k] + spread * normal(random);
  }
  return out;
}

TEST(SimilarityDuplicates, EqualTheDefinitionAtEveryThreshold) {
  for (const std::size_t dim : {3u, 64u, 256u}) {
    Matrix rows = bunches(500, dim);
    normalize(rows);
    const BitMatrix bits = dim % 64 == 0 ? binarized(rows) : BitMatrix();
    for (const double threshold : {-0.5, 0.0, 0.3, 0.7, 0.9, 0.999, 1.5}) {
      std::vector<std::size_t> wanted, wanted_bits;
      for (std::size_t j = 0; j < 500; ++j) {
        bool found = false, found_bits = false;
        for (std::size_t i = 0; i < j; ++i) {
          found |= kernels().dot(rows.row(i), rows.row(j), dim) > static_cast<float>(threshold);
          if (dim % 64 == 0)
            found_bits |= bit_similarity({bits.row(i), bits.words}, {bits.row(j), bits.words}) > threshold;
        }
        if (found) wanted.push_back(j);
        if (found_bits) wanted_bits.push_back(j);
      }
      for (const int threads : {1, 3})
        EXPECT_EQ(duplicates(rows, {.threshold = threshold, .threads = threads}), wanted) << dim << " " << threshold;
      if (dim % 64 == 0) {
        EXPECT_EQ(duplicates(bits, {.threshold = threshold, .threads = 2}), wanted_bits);
      }
    }
  }
}

TEST(SimilarityDuplicates, AThresholdThatIsNoNumberIsRefused) {
  EXPECT_THROW(duplicates(Matrix(2, 2), {.threshold = std::numeric_limits<double>::quiet_NaN()}), Error);
  EXPECT_TRUE(duplicates(Matrix(), {}).empty());
}

TEST(SimilarityClusters, DoNotDependOnThreadsAndAreRefusedOutOfRange) {
  const Matrix rows = bunches(400, 24);
  const Clusters one = kmeans(rows, {.k = 20, .random_state = 5, .runs = 3, .threads = 1}),
                 three = kmeans(rows, {.k = 20, .random_state = 5, .runs = 3, .threads = 3});
  EXPECT_EQ(one.labels, three.labels);
  EXPECT_EQ(one.inertia, three.inertia);
  EXPECT_THROW(kmeans(rows, {.k = 401}), Error);
  EXPECT_THROW(kmeans(rows, {.k = 0}), Error);
  EXPECT_THROW(kmeans(rows, {.k = 2, .runs = 0}), Error);
  const Clusters equal = kmeans(Matrix(5, 3), {.k = 3, .runs = 1});
  EXPECT_EQ(equal.labels, std::vector<std::int64_t>(5, 0));
  EXPECT_EQ(equal.inertia, 0.0);
}

}  // namespace
}  // namespace welt::similarity
