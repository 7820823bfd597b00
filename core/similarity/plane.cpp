// See plane.h.
#include "core/similarity/plane.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "core/base/error.h"
#include "core/similarity/kernels.h"
#include "core/similarity/parallel.h"

namespace welt::similarity {
namespace {

constexpr std::size_t covariance_rows = 20'000, grain = 256;
constexpr int power_steps = 300;

using Vector = std::vector<double>;

void make_unit(Vector& vector) {
  double sum = 0;
  for (const double value : vector) sum += value * value;
  const double length = std::sqrt(sum);
  for (double& value : vector) value = length > 0 ? value / length : 0;
}

// [dim, dim] of rows evenly spread over all.
Vector covariance(const Matrix& rows, const Vector& mean, int threads) {
  const std::size_t count = std::min(rows.rows, covariance_rows), dim = rows.dim;
  Vector out(dim * dim);
  for_parts(dim, 8, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = 0; i < count; ++i) {
      const float* row = rows.row(i * rows.rows / count);
      for (std::size_t a = begin; a < end; ++a) {
        const double value = static_cast<double>(row[a]) - mean[a];
        for (std::size_t b = 0; b < dim; ++b) out[a * dim + b] += value * (static_cast<double>(row[b]) - mean[b]);
      }
    }
  });
  return out;
}

// The direction of the largest variance that is at right angles to `before`, by repeated multiplication.
Vector direction(const Vector& matrix, std::size_t dim, std::span<const Vector> before) {
  Vector vector(dim), next(dim);
  for (std::size_t i = 0; i < dim; ++i) vector[i] = 1 + static_cast<double>(i % 7);  // any start that is no direction
  for (int step = 0; step < power_steps; ++step) {
    for (const Vector& other : before) {
      double product = 0;
      for (std::size_t i = 0; i < dim; ++i) product += vector[i] * other[i];
      for (std::size_t i = 0; i < dim; ++i) vector[i] -= product * other[i];
    }
    make_unit(vector);
    for (std::size_t a = 0; a < dim; ++a) {
      next[a] = 0;
      for (std::size_t b = 0; b < dim; ++b) next[a] += matrix[a * dim + b] * vector[b];
    }
    vector.swap(next);
  }
  for (const Vector& other : before) {
    double product = 0;
    for (std::size_t i = 0; i < dim; ++i) product += vector[i] * other[i];
    for (std::size_t i = 0; i < dim; ++i) vector[i] -= product * other[i];
  }
  make_unit(vector);
  const auto largest = std::ranges::max_element(vector, {}, [](double value) { return std::fabs(value); });
  if (largest != vector.end() && *largest < 0)
    for (double& value : vector) value = -value;
  return vector;
}

Matrix squared_distances(const Matrix& rows, int threads) {
  std::vector<float> lengths(rows.rows);
  for (std::size_t i = 0; i < rows.rows; ++i) lengths[i] = kernels().dot(rows.row(i), rows.row(i), rows.dim);
  Matrix out(rows.rows, rows.rows);
  for_parts(rows.rows, 16, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i)
      for (std::size_t j = 0; j < rows.rows; ++j)
        out.row(i)[j] = std::max(0.0F, lengths[i] + lengths[j] - 2 * kernels().dot(rows.row(i), rows.row(j), rows.dim));
  });
  return out;
}

// A row of distances becomes the shares of its neighbours, whose entropy is log(perplexity): bisection of the width.
void shares_of(std::span<float> row, std::size_t own, double entropy) {
  double least = 0, most = std::numeric_limits<double>::infinity(), narrow = 1;
  const std::vector<float> distances(row.begin(), row.end());
  float nearest = std::numeric_limits<float>::infinity();
  for (std::size_t j = 0; j < row.size(); ++j)
    if (j != own) nearest = std::min(nearest, distances[j]);
  for (int step = 0; step < 64; ++step) {
    double sum = 0, weighted = 0;
    for (std::size_t j = 0; j < row.size(); ++j) {
      const double distance = static_cast<double>(distances[j] - nearest);
      const double share = j == own ? 0 : std::exp(-distance * narrow);
      row[j] = static_cast<float>(share);
      sum += share;
      weighted += share * distance;
    }
    for (float& share : row) share = static_cast<float>(static_cast<double>(share) / sum);
    const double found = std::log(sum) + narrow * weighted / sum;
    if (std::fabs(found - entropy) < 1e-5) return;
    (found > entropy ? least : most) = narrow;
    narrow = std::isinf(most) ? narrow * 2 : (least + most) / 2;
  }
}

// How much i and j are neighbours, of all pairs 1 together.
Matrix joint_shares(const Matrix& rows, double perplexity, int threads) {
  Matrix out = squared_distances(rows, threads);
  const std::size_t n = rows.rows;
  for_parts(n, 16, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i) shares_of({out.row(i), n}, i, std::log(perplexity));
  });
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j)
      out.row(i)[j] = out.row(j)[i] = (out.row(i)[j] + out.row(j)[i]) / (2 * static_cast<float>(n));
  return out;
}

class Descent {
 public:
  Descent(const Matrix& shares, Matrix start, int threads)
      : shares_(shares),
        points_(std::move(start)),
        speed_(points_.rows, 2),
        gains_(points_.rows, 2),
        forces_(points_.rows),
        threads_(threads) {
    std::ranges::fill(gains_.values, 1.0F);
  }

  void step(float exaggeration, float momentum, float rate) {
    const std::size_t n = points_.rows;
    for_parts(n, 32, threads_, [&](std::size_t begin, std::size_t end, std::size_t) {
      for (std::size_t i = begin; i < end; ++i) forces_[i] = force_on(i);
    });
    double all = 0;
    for (const Force& force : forces_) all += static_cast<double>(force.closeness);
    const auto scale = static_cast<float>(1 / std::max(all, 1e-12));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t d = 0; d < 2; ++d) {
        const float slope = 4 * (exaggeration * forces_[i].pull[d] - scale * forces_[i].push[d]);
        float &gain = gains_.row(i)[d], &speed = speed_.row(i)[d];
        gain = (slope > 0) == (speed > 0) ? std::max(0.01F, gain * 0.8F) : gain + 0.2F;
        speed = momentum * speed - rate * gain * slope;
        points_.row(i)[d] += speed;
      }
  }

  Matrix take() { return std::move(points_); }

 private:
  struct Force {
    std::array<float, 2> pull{}, push{};
    float closeness = 0;
  };

  Force force_on(std::size_t i) const {
    const float x = points_.row(i)[0], y = points_.row(i)[1];
    const float* share = shares_.row(i);
    Force out;
    for (std::size_t j = 0; j < points_.rows; ++j) {
      const float dx = x - points_.row(j)[0], dy = y - points_.row(j)[1];
      const float near = 1 / (1 + dx * dx + dy * dy), pull = share[j] * near, push = near * near;
      out.pull[0] += pull * dx, out.pull[1] += pull * dy;
      out.push[0] += push * dx, out.push[1] += push * dy;
      out.closeness += near;
    }
    out.closeness -= 1;  // to itself
    return out;
  }

  const Matrix& shares_;
  Matrix points_, speed_, gains_;
  std::vector<Force> forces_;
  int threads_;
};

}  // namespace

Matrix principal_plane(const Matrix& rows, int threads) {
  Vector mean(rows.dim);
  for (std::size_t i = 0; i < rows.rows; ++i) kernels().accumulate(mean.data(), rows.row(i), rows.dim);
  for (double& value : mean) value /= static_cast<double>(std::max<std::size_t>(1, rows.rows));
  const Vector matrix = covariance(rows, mean, threads);
  std::vector<Vector> directions;
  for (int d = 0; d < 2; ++d) directions.push_back(direction(matrix, rows.dim, directions));
  Matrix out(rows.rows, 2);
  for_parts(rows.rows, grain, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i)
      for (std::size_t d = 0; d < 2; ++d) {
        double sum = 0;
        for (std::size_t k = 0; k < rows.dim; ++k)
          sum += (static_cast<double>(rows.row(i)[k]) - mean[k]) * directions[d][k];
        out.row(i)[d] = static_cast<float>(sum);
      }
  });
  return out;
}

Matrix neighbour_plane(const Matrix& rows, const NeighbourOptions& options) {
  if (rows.rows > most_neighbour_rows) {
    fail({.where = "a map of neighbours",
          .found = fmt::format("{} texts", rows.rows),
          .expected = fmt::format("{} at most", most_neighbour_rows),
          .mend = "Take principal components (pca), or fewer texts"});
  }
  if (!(options.perplexity >= 1) || options.iterations < 1) {
    fail({.where = "a map of neighbours",
          .found = fmt::format("perplexity {}, {} iterations", options.perplexity, options.iterations),
          .expected = "1 or more of both"});
  }
  Matrix start = principal_plane(rows, options.threads);
  constexpr std::size_t least = 4;  // fewer have no neighbours to speak of
  if (rows.rows < least) return start;
  const double perplexity = std::min(options.perplexity, static_cast<double>(rows.rows - 1) / 3);
  const Matrix shares = joint_shares(rows, perplexity, options.threads);
  float widest = 0;
  for (const float value : start.values) widest = std::max(widest, std::fabs(value));
  for (std::size_t i = 0; i < rows.rows; ++i)
    for (std::size_t d = 0; d < 2; ++d) {
      // Equal rows would stay one point for ever: each is moved by a little that is its own.
      const float own = static_cast<float>((i * 2 + d) * 7919 % 1009) / 1009 - 0.5F;
      start.row(i)[d] = 1e-2F * (widest > 0 ? start.row(i)[d] / widest : 0) + 1e-4F * own;
    }
  Descent descent(shares, std::move(start), options.threads);
  const int early = options.iterations / 3;
  const float rate = std::max(10.0F, static_cast<float>(rows.rows) / 12);
  for (int i = 0; i < options.iterations; ++i) {
    descent.step(i < early ? 12.0F : 1.0F, i < early ? 0.5F : 0.8F, rate);
    if (options.progress) options.progress(i + 1);
  }
  return descent.take();
}

}  // namespace welt::similarity
