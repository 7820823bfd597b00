// k-means over so many rows that going through all of them again and again takes too long: centres move by small
// batches. Reference: Sculley 2010, Web-scale k-means clustering.
#pragma once

#include "core/similarity/kmeans.h"

namespace welt::similarity {

// Starts from k-means of a sample, moves the centres by at most options.max_iterations batches of `batch` rows drawn at
// random, until what a row is away from its centre no longer falls, and gives each row its nearest centre. The same
// for the same random_state, however many threads. Throws as kmeans() does, and for a batch of 0.
Clusters mini_batch_kmeans(const Matrix& rows, const KMeansOptions& options, std::size_t batch);

// How well rows fit their cluster, −1 to 1: the mean over rows of (b − a) / max(a, b), a the mean distance to the
// others of the own cluster, b that to the nearest other one; 0 for a row that is alone. Of at most 2,000 rows, evenly
// spread. Reference: Rousseeuw 1987.
double silhouette(const Matrix& rows, const std::vector<std::int64_t>& labels, int threads);

struct ChosenK {
  std::size_t k = 1;
  double score = 0;  // the silhouette
};
// The k from 2 to `most` with the best silhouette of k-means over at most 2,000 rows, of equal ones the least; 1 where
// none is above 0.
ChosenK choose_k(const Matrix& rows, const KMeansOptions& options, std::size_t most);

}  // namespace welt::similarity
