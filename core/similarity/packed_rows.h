// Rows of a matrix as the tile of kernels.h wants them: sixteen beside each other, a panel.
#pragma once

#include <vector>

#include "core/similarity/kernels.h"
#include "core/similarity/matrix.h"

namespace welt::similarity {

class PackedRows {
 public:
  // The first `dim` values of rows [first, last); the last panel is filled up with zeros.
  PackedRows(const Matrix& matrix, std::size_t first, std::size_t last, std::size_t dim)
      : dim_(dim), panels_((last - first + tile_columns - 1) / tile_columns), values_(panels_ * tile_columns * dim) {
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t panel = (i - first) / tile_columns, column = (i - first) % tile_columns;
      for (std::size_t k = 0; k < dim; ++k) values_[(panel * dim + k) * tile_columns + column] = matrix.row(i)[k];
    }
  }
  std::size_t panels() const { return panels_; }
  const float* panel(std::size_t i) const { return values_.data() + i * dim_ * tile_columns; }

 private:
  std::size_t dim_, panels_;
  std::vector<float> values_;
};

}  // namespace welt::similarity
