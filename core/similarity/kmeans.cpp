// See kmeans.h. Centres and distances that decide are double; float32 products only say which centres are far away.
#include "core/similarity/kmeans.h"

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

constexpr int most_runs = 10'000;
constexpr std::size_t grain = 192;  // rows a thread takes at a time

void check(const Matrix& rows, const KMeansOptions& options) {
  const auto refuse = [](std::string_view what, const auto& found, std::string expected) {
    fail({.where = fmt::format("k-means, {}", what),
          .found = fmt::format("{}", found),
          .expected = std::move(expected)});
  };
  if (options.k < 1 || options.k > rows.rows) {
    refuse("the number of clusters", options.k, fmt::format("1 to {}, the number of texts", rows.rows));
  }
  if (options.runs < 1 || options.runs > most_runs) refuse("n_init", options.runs, fmt::format("1 to {}", most_runs));
  if (options.max_iterations < 1) refuse("max_iterations", options.max_iterations, "1 or more");
  if (!(options.tolerance >= 0)) refuse("tolerance", options.tolerance, "0 or more");
}

// numpy's sum of float32 values: pairwise.
float pairwise_sum(const float* values, std::size_t count) {
  if (count < 8) {
    float sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += values[i];
    return sum;
  }
  if (count <= 128) {
    float lanes[8];
    std::size_t i = 8;
    std::copy_n(values, 8, lanes);
    for (; i + 8 <= count; i += 8)
      for (std::size_t k = 0; k < 8; ++k) lanes[k] += values[i + k];
    float sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    for (; i < count; ++i) sum += values[i];
    return sum;
  }
  const std::size_t half = count / 2 - count / 2 % 8;
  return pairwise_sum(values, half) + pairwise_sum(values + half, count - half);
}

// What a run needs of chance: drawn beforehand, so that runs may go side by side.
struct Draws {
  std::uint64_t first;         // the row that is the first centre
  std::vector<float> uniform;  // one for each other centre
};

std::vector<Draws> draws_of(RandomState& random, std::size_t rows, const KMeansOptions& options) {
  std::vector<Draws> out;
  for (int run = 0; run < options.runs; ++run) {
    Draws& draws = out.emplace_back(Draws{random.integer(rows), {}});
    for (std::size_t j = 1; j < options.k; ++j) draws.uniform.push_back(static_cast<float>(random.uniform()));
  }
  return out;
}

class Run {
 public:
  Run(const Matrix& rows, const KMeansOptions& options, int threads)
      : rows_(rows),
        options_(options),
        threads_(threads),
        centres_(options.k * rows.dim),
        labels_(rows.rows),
        distances_(rows.rows) {
    for (std::size_t i = 0; i < rows.rows; ++i) {
      const float* row = rows.row(i);
      lengths_.push_back(kernels().dot(row, row, rows.dim));
    }
  }

  Clusters operator()(const Draws& draws) {
    start(draws);
    double inertia = std::numeric_limits<double>::infinity();
    for (int iteration = 0; iteration < options_.max_iterations; ++iteration) {
      assign();
      const double before = inertia;
      inertia = 0;
      for (const double distance : distances_) inertia += distance;
      if (iteration >= options_.min_iterations - 1 && std::abs(before - inertia) < options_.tolerance) break;
      move_centres();
    }
    return {{labels_.begin(), labels_.end()}, inertia};
  }

 private:
  double* centre(std::size_t j) { return centres_.data() + j * rows_.dim; }

  void take_centre(std::size_t j, std::size_t row) {
    std::copy_n(rows_.row(row), rows_.dim, centre(j));
    for_parts(rows_.rows, grain, threads_, [&](std::size_t begin, std::size_t end, std::size_t) {
      for (std::size_t i = begin; i < end; ++i) {
        const auto distance = static_cast<float>(kernels().squared_distance(rows_.row(i), centre(j), rows_.dim));
        if (j == 0 || distance < nearest_[i]) nearest_[i] = distance;
      }
    });
  }

  // k-means++: each next centre is drawn by its squared distance to those there are.
  void start(const Draws& draws) {
    nearest_.assign(rows_.rows, 0.0F);
    take_centre(0, draws.first);
    for (std::size_t j = 1; j < options_.k; ++j) {
      const float sum = pairwise_sum(nearest_.data(), rows_.rows);
      const float draw = draws.uniform[j - 1];
      float cumulative = 0;
      std::size_t at = 0;
      for (; at < rows_.rows; ++at) {
        cumulative += nearest_[at] / sum;
        if (!(cumulative < draw)) break;  // all rows equal: not a number, and the first
      }
      take_centre(j, std::min(at, rows_.rows - 1));
    }
  }

  void assign() {
    Matrix centres(options_.k, rows_.dim);
    std::copy(centres_.begin(), centres_.end(), centres.values.begin());
    std::vector<float> lengths;
    for (std::size_t j = 0; j < options_.k; ++j)
      lengths.push_back(kernels().dot(centres.row(j), centres.row(j), rows_.dim));
    const PackedRows packed(centres, 0, options_.k, rows_.dim);
    for_parts(rows_.rows, grain, threads_, [&](std::size_t begin, std::size_t end, std::size_t) {
      std::vector<float> products(packed.panels() * tile_rows * tile_columns);
      for (std::size_t i = begin; i < end; i += tile_rows) {
        const std::size_t count = std::min(tile_rows, end - i);
        for (std::size_t panel = 0; panel < packed.panels(); ++panel)
          kernels().tile(rows_.row(i), rows_.dim, count, packed.panel(panel), rows_.dim,
                         products.data() + panel * tile_rows * tile_columns);
        for (std::size_t r = 0; r < count; ++r) assign_row(i + r, r, products, lengths);
      }
    });
  }

  // The nearest centre, of equal ones the first. What the products leave open is decided in double.
  void assign_row(std::size_t row, std::size_t r, const std::vector<float>& products,
                  const std::vector<float>& lengths) {
    const auto rough = [&](std::size_t j) {
      const std::size_t panel = j / tile_columns;
      return lengths[j] - 2 * products[(panel * tile_rows + r) * tile_columns + j % tile_columns];
    };
    float least = rough(0);
    for (std::size_t j = 1; j < options_.k; ++j) least = std::min(least, rough(j));
    const float limit = least + 1e-4F * (1.0F + lengths_[row] + std::abs(least));
    double best = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < options_.k; ++j) {
      if (!(rough(j) <= limit)) continue;
      const double distance = kernels().squared_distance(rows_.row(row), centre(j), rows_.dim);
      if (distance >= best) continue;
      best = distance;
      labels_[row] = j;
    }
    distances_[row] = best;
  }

  // A centre without rows becomes zero, as in the reference.
  void move_centres() {
    std::ranges::fill(centres_, 0.0);
    std::vector<std::size_t> counts(options_.k);
    for (std::size_t i = 0; i < rows_.rows; ++i) {
      kernels().accumulate(centre(labels_[i]), rows_.row(i), rows_.dim);
      ++counts[labels_[i]];
    }
    for (std::size_t j = 0; j < options_.k; ++j)
      for (std::size_t d = 0; counts[j] > 0 && d < rows_.dim; ++d) centre(j)[d] /= static_cast<double>(counts[j]);
  }

  const Matrix& rows_;
  const KMeansOptions& options_;
  int threads_;
  std::vector<double> centres_;      // [k, dim]
  std::vector<std::size_t> labels_;  // of each row
  std::vector<double> distances_;    // of each row to its centre, squared
  std::vector<float> lengths_;       // of each row, squared
  std::vector<float> nearest_;       // of the start: to the nearest centre so far
};

}  // namespace

Clusters kmeans(const Matrix& rows, const KMeansOptions& options) {
  check(rows, options);
  RandomState random(options.random_state);
  const std::vector<Draws> draws = draws_of(random, rows.rows, options);
  const std::size_t threads = thread_count(options.threads);
  const int inside = static_cast<int>(std::max<std::size_t>(1, threads / draws.size()));
  std::vector<Clusters> found(draws.size());
  for_parts(draws.size(), 1, static_cast<int>(threads),
            [&](std::size_t run, std::size_t, std::size_t) { found[run] = Run(rows, options, inside)(draws[run]); });
  return *std::ranges::min_element(found, {}, &Clusters::inertia);
}

}  // namespace welt::similarity
