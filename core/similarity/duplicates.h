// Which rows repeat an earlier one.
#pragma once

#include <vector>

#include "core/similarity/matrix.h"

namespace welt::similarity {

enum class DuplicateRule {
  any_earlier,  // a row goes if any earlier one, gone or not, scores above the threshold
  reference,    // WordLlama's: the same within a block of rows, but across blocks only pairs whose second place is not
                // before the first, and rows that an earlier block pair dropped no longer count
};

struct DuplicateOptions {
  double threshold = 0.9;
  DuplicateRule rule = DuplicateRule::any_earlier;
  std::size_t block = 0;  // of the reference's rule; 0: 5000 rows, 500 of binary ones
  int threads = 0;        // 0: all cores
};

// Places of the rows to drop, ascending. Dense rows are normalized first. A threshold that is no number is an Error.
std::vector<std::size_t> duplicates(Matrix rows, const DuplicateOptions& options);
std::vector<std::size_t> duplicates(const BitMatrix& rows, const DuplicateOptions& options);

}  // namespace welt::similarity
