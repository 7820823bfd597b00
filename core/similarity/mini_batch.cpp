// See mini_batch.h.
#include "core/similarity/mini_batch.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/similarity/kernels.h"
#include "core/similarity/packed_rows.h"
#include "core/similarity/parallel.h"
#include "core/similarity/random_state.h"

namespace welt::similarity {
namespace {

constexpr std::size_t grain = 192, judged_rows = 2000, sample_a_centre = 20;

// Of `count` rows of all the i-th: one out of every stretch, not always at the same place in it, for rows may repeat in
// a rhythm.
std::size_t place_of(std::size_t i, std::size_t count, std::size_t all) {
  const std::size_t begin = i * all / count, end = (i + 1) * all / count;
  return begin + (i * 0x9E3779B97F4A7C15u >> 33) % (end - begin);
}

Matrix spread(const Matrix& rows, std::size_t count) {
  count = std::min(count, rows.rows);
  Matrix out(count, rows.dim);
  for (std::size_t i = 0; i < count; ++i) std::copy_n(rows.row(place_of(i, count, rows.rows)), rows.dim, out.row(i));
  return out;
}

class Centres {
 public:
  Centres(std::size_t k, std::size_t dim) : sums_(k * dim), counts_(k), centres_(k, dim) {}

  // A row moves its centre by one part in as many as it has had.
  void take(std::size_t j, const float* row) {
    kernels().accumulate(sums_.data() + j * centres_.dim, row, centres_.dim);
    ++counts_[j];
  }
  void settle() {
    lengths_.resize(centres_.rows);
    for (std::size_t j = 0; j < centres_.rows; ++j) {
      for (std::size_t d = 0; counts_[j] > 0 && d < centres_.dim; ++d)
        centres_.row(j)[d] = static_cast<float>(sums_[j * centres_.dim + d] / static_cast<double>(counts_[j]));
      lengths_[j] = kernels().dot(centres_.row(j), centres_.row(j), centres_.dim);
    }
  }

  // The nearest centre of each row, of equal ones the first, and the sum of the squared distances.
  Clusters nearest(const Matrix& rows, int threads) const {
    const PackedRows packed(centres_, 0, centres_.rows, centres_.dim);
    Clusters out{std::vector<std::int64_t>(rows.rows), 0};
    std::vector<double> distances(rows.rows);
    for_parts(rows.rows, grain, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
      float tile[tile_rows * tile_columns];
      for (std::size_t i = begin; i < end; i += tile_rows) {
        const std::size_t count = std::min(tile_rows, end - i);
        float least[tile_rows];
        std::fill_n(least, tile_rows, std::numeric_limits<float>::infinity());
        for (std::size_t panel = 0; panel < packed.panels(); ++panel) {
          kernels().tile(rows.row(i), rows.dim, count, packed.panel(panel), rows.dim, tile);
          for (std::size_t r = 0; r < count; ++r)
            for (std::size_t j = panel * tile_columns; j < std::min(centres_.rows, (panel + 1) * tile_columns); ++j) {
              const float rough = lengths_[j] - 2 * tile[r * tile_columns + j % tile_columns];
              if (!(rough < least[r])) continue;
              least[r] = rough;
              out.labels[i + r] = static_cast<std::int64_t>(j);
            }
        }
        for (std::size_t r = 0; r < count; ++r) {
          const float* row = rows.row(i + r);
          const double length = static_cast<double>(kernels().dot(row, row, rows.dim));
          distances[i + r] = std::max(0.0, length + static_cast<double>(least[r]));
        }
      }
    });
    for (const double distance : distances) out.inertia += distance;
    return out;
  }

 private:
  std::vector<double> sums_;  // [k, dim] of all rows that were taken
  std::vector<std::uint64_t> counts_;
  Matrix centres_;
  std::vector<float> lengths_;  // squared
};

}  // namespace

Clusters mini_batch_kmeans(const Matrix& rows, const KMeansOptions& options, std::size_t batch) {
  if (batch == 0) fail({.where = "mini-batches", .found = "0 rows", .expected = "1 or more"});
  const Matrix sample = spread(rows, std::max(batch, sample_a_centre * std::min(options.k, rows.rows)));
  const Clusters start = kmeans(sample, options);
  Centres centres(options.k, rows.dim);
  for (std::size_t i = 0; i < sample.rows; ++i) centres.take(static_cast<std::size_t>(start.labels[i]), sample.row(i));
  centres.settle();

  RandomState random(options.random_state);
  const std::size_t size = std::min(batch, rows.rows);
  Matrix drawn(size, rows.dim);
  constexpr int patience = 10;
  double smooth = 0, best = std::numeric_limits<double>::infinity();
  const double share = std::min(1.0, 2.0 * static_cast<double>(size) / static_cast<double>(rows.rows + 1));
  for (int done = 0, since = 0; done < options.max_iterations && since < patience; ++done) {
    for (std::size_t i = 0; i < size; ++i) std::copy_n(rows.row(random.integer(rows.rows)), rows.dim, drawn.row(i));
    const Clusters found = centres.nearest(drawn, options.threads);
    for (std::size_t i = 0; i < size; ++i) centres.take(static_cast<std::size_t>(found.labels[i]), drawn.row(i));
    centres.settle();
    const double mean = found.inertia / static_cast<double>(size);
    smooth = done == 0 ? mean : smooth + share * (mean - smooth);
    since = smooth < best * (1 - options.tolerance) ? 0 : since + 1;
    best = std::min(best, smooth);
  }
  return centres.nearest(rows, options.threads);
}

double silhouette(const Matrix& all, const std::vector<std::int64_t>& all_labels, int threads) {
  const std::size_t count = std::min(judged_rows, all.rows);
  const Matrix rows = spread(all, count);
  std::vector<std::size_t> labels(count);
  for (std::size_t i = 0; i < count; ++i)
    labels[i] = static_cast<std::size_t>(all_labels[place_of(i, count, all.rows)]);
  const std::size_t k = labels.empty() ? 0 : *std::ranges::max_element(labels) + 1;
  std::vector<std::size_t> sizes(k);
  for (const std::size_t label : labels) ++sizes[label];
  std::vector<double> fits(count), lengths(count);
  for (std::size_t i = 0; i < count; ++i)
    lengths[i] = static_cast<double>(kernels().dot(rows.row(i), rows.row(i), rows.dim));
  for_parts(count, 16, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    std::vector<double> sums(k);
    for (std::size_t i = begin; i < end; ++i) {
      if (sizes[labels[i]] < 2) continue;
      std::ranges::fill(sums, 0.0);
      for (std::size_t j = 0; j < count; ++j) {
        const auto product = static_cast<double>(kernels().dot(rows.row(i), rows.row(j), rows.dim));
        sums[labels[j]] += i == j ? 0.0 : std::sqrt(std::max(0.0, lengths[i] + lengths[j] - 2 * product));
      }
      const double own = sums[labels[i]] / static_cast<double>(sizes[labels[i]] - 1);
      double other = std::numeric_limits<double>::infinity();
      for (std::size_t c = 0; c < k; ++c)
        if (c != labels[i] && sizes[c] > 0) other = std::min(other, sums[c] / static_cast<double>(sizes[c]));
      if (std::isfinite(other) && std::max(own, other) > 0) fits[i] = (other - own) / std::max(own, other);
    }
  });
  double sum = 0;
  for (const double fit : fits) sum += fit;
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

ChosenK choose_k(const Matrix& rows, const KMeansOptions& options, std::size_t most) {
  const Matrix sample = spread(rows, judged_rows);
  ChosenK best;
  for (std::size_t k = 2; k <= most && k < sample.rows; ++k) {
    KMeansOptions tried = options;
    tried.k = k;
    const double score = silhouette(sample, kmeans(sample, tried).labels, options.threads);
    if (score > best.score) best = {k, score};
  }
  return best;
}

}  // namespace welt::similarity
