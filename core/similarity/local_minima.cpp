// See local_minima.h.
#include "core/similarity/local_minima.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/similarity/kernels.h"

namespace welt::similarity {
namespace {

constexpr int largest_window = 999;  // the work grows with its square

void check_window(std::string_view name, int window) {
  if (window >= 3 && window <= largest_window && window % 2 == 1) return;
  fail({.where = std::string(name),
        .found = fmt::format("{}", window),
        .expected = fmt::format("an odd number from 3 to {}", largest_window)});
}

// The weights of the filter's first and second derivative: rows 1 and 2 of the pseudo-inverse of the matrix of powers.
// With orthogonal polynomials (Gram-Schmidt) it is exact enough for any window: A = QR, A⁺ = R⁻¹Qᵀ.
std::vector<std::vector<double>> derivative_weights(int window, int order) {
  const auto size = static_cast<std::size_t>(window), columns = static_cast<std::size_t>(order) + 1;
  const int half = window / 2;
  std::vector<std::vector<double>> q(columns, std::vector<double>(size)), r(columns, std::vector<double>(columns));
  for (std::size_t j = 0; j < columns; ++j) {
    for (std::size_t i = 0; i < size; ++i) q[j][i] = std::pow(static_cast<int>(i) - half, static_cast<int>(j));
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t k = 0; k < j; ++k) {
        double product = 0;
        for (std::size_t i = 0; i < size; ++i) product += q[k][i] * q[j][i];
        r[k][j] += product;
        for (std::size_t i = 0; i < size; ++i) q[j][i] -= product * q[k][i];
      }
    }
    double length = 0;
    for (const double value : q[j]) length += value * value;
    r[j][j] = std::sqrt(length);
    for (double& value : q[j]) value /= r[j][j];
  }
  std::vector<std::vector<double>> inverse = q;  // becomes R⁻¹Qᵀ, from the last row up
  for (std::size_t j = columns; j-- > 0;) {
    for (std::size_t k = j + 1; k < columns; ++k)
      for (std::size_t i = 0; i < size; ++i) inverse[j][i] -= r[j][k] * inverse[k][i];
    for (double& value : inverse[j]) value /= r[j][j];
  }
  for (double& value : inverse[2]) value *= 2;
  return {inverse[1], inverse[2]};
}

// The weighted sums over a window around each value; the ends are repeated.
std::vector<float> filtered(const std::vector<float>& values, const std::vector<double>& weights) {
  const auto count = static_cast<std::ptrdiff_t>(values.size()), half = static_cast<std::ptrdiff_t>(weights.size() / 2);
  std::vector<float> out;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    double sum = 0;
    for (std::ptrdiff_t k = -half; k <= half; ++k) {
      const auto at = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(i + k, 0, count - 1));
      sum += weights[static_cast<std::size_t>(k + half)] * static_cast<double>(values[at]);
    }
    out.push_back(static_cast<float>(sum));
  }
  return out;
}

}  // namespace

Minima local_minima(const std::vector<float>& values, int window, int order) {
  check_window("the window of the filter (savgol_window)", window);
  if (order < 2 || order >= window) {
    fail({.where = "the order of the filter (poly_order)",
          .found = fmt::format("{}", order),
          .expected = fmt::format("2 to {}, less than the window", window - 1)});
  }
  if (values.size() < 3) return {};
  const auto weights = derivative_weights(window, order);
  const std::vector<float> slope = filtered(values, weights[0]), bend = filtered(values, weights[1]);
  Minima out;
  for (std::size_t i = 1; i + 1 < values.size(); ++i) {
    if (!(slope[i] < 0 && slope[i + 1] > 0 && bend[i] > 0)) continue;
    const float weight = -slope[i] / (slope[i + 1] - slope[i]);
    const std::size_t at = weight < 0.5F ? i : i + 1;
    out.index.push_back(static_cast<std::int64_t>(at));
    out.value.push_back(values[at]);
  }
  return out;
}

std::vector<float> windowed_similarity(const Matrix& rows, int window) {
  check_window("the window of similarities (window_size)", window);
  const std::size_t half = static_cast<std::size_t>(window) / 2, count = rows.rows;
  // Products of a row with the 2·half behind it: each is in several windows.
  const std::size_t reach = 2 * half;
  std::vector<float> products(count * reach), out(count);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 1; k <= reach && i + k < count; ++k)
      products[i * reach + k - 1] = kernels().dot(rows.row(i), rows.row(i + k), rows.dim);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = i < half ? 0 : i - half, end = std::min(count, i + half + 1);
    float sum = 0;
    std::size_t pairs = 0;
    for (std::size_t a = begin; a < end; ++a) {
      for (std::size_t b = a + 1; b < end; ++b, ++pairs) sum += products[a * reach + (b - a - 1)];
    }
    out[i] = pairs > 0 ? sum / static_cast<float>(pairs) : 0.0F;
  }
  return out;
}

float quantile(std::vector<float> values, float share) {
  // A hostile table has them, and no order is one of them.
  if (std::ranges::any_of(values, [](float value) { return std::isnan(value); })) return NAN;
  std::ranges::sort(values);
  const float place = static_cast<float>(values.size() - 1) * share, floor = std::floor(place);
  const auto at = static_cast<std::size_t>(floor);
  const float low = values[at], high = values[std::min(at + 1, values.size() - 1)], part = place - floor;
  return part >= 0.5F ? high - (high - low) * (1 - part) : low + (high - low) * part;
}

}  // namespace welt::similarity
