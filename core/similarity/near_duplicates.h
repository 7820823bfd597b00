// Which rows repeat an earlier one, of so many that not all pairs can be compared: pairs that share all bits of one of
// many hashes are. References: Charikar 2002 (signs of random projections: two vectors share one with the probability
// 1 − angle / π), Indyk and Motwani 1998 (bands of them).
#pragma once

#include <functional>
#include <vector>

#include "core/similarity/matrix.h"

namespace welt::similarity {

struct NearOptions {
  double threshold = 0.9;
  double recall = 0.999;  // the probability to find a pair exactly at the threshold; nearer ones are found more surely
  int threads = 0;        // 0: all cores
  std::function<void(std::size_t done, std::size_t all)> progress = {};  // of the hashes; called by one thread
};

// Places of rows with an earlier one that scores above the threshold, ascending: never more than those of
// duplicates(). The same for the same rows, however many threads. Where comparing all pairs costs less (few rows, a low
// threshold) that is done. Throws Error for a recall that is not between 0 and 1.
std::vector<std::size_t> near_duplicates(Matrix rows, const NearOptions& options);

}  // namespace welt::similarity
