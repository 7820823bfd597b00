// Vectors as rows: floating-point ones, and ones of bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace welt::similarity {

struct Matrix {
  std::size_t rows = 0, dim = 0;
  std::vector<float> values;  // [rows, dim]

  Matrix() = default;
  Matrix(std::size_t row_count, std::size_t width) : rows(row_count), dim(width), values(row_count * width) {}
  float* row(std::size_t i) { return values.data() + i * dim; }
  const float* row(std::size_t i) const { return values.data() + i * dim; }
};

struct BitMatrix {
  std::size_t rows = 0, words = 0;    // 64 bits each
  std::vector<std::uint64_t> values;  // [rows, words]

  BitMatrix() = default;
  BitMatrix(std::size_t row_count, std::size_t width) : rows(row_count), words(width), values(row_count * width) {}
  std::uint64_t* row(std::size_t i) { return values.data() + i * words; }
  const std::uint64_t* row(std::size_t i) const { return values.data() + i * words; }
};

}  // namespace welt::similarity
