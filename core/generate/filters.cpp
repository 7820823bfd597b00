// Sampling filters (sampler.h): which bytes may be drawn. Rules, ties included, are those of transformers' logits
// warpers, so that the same bytes are left.
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/sort.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/generate/sampler.h"

namespace welt {
namespace {

constexpr double barred = -std::numeric_limits<double>::infinity();

std::vector<double> softmax(std::span<const double> scores) {
  const double top = *std::ranges::max_element(scores);
  std::vector<double> shares(scores.size());
  double total = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) total += shares[i] = std::exp(scores[i] - top);
  for (double& share : shares) share /= total;
  return shares;
}

double entropy_of(const std::vector<double>& shares) {
  double sum = 0;
  for (const double share : shares)
    if (share > 0) sum -= share * std::log(share);
  return sum;
}

// Indices by value. Equal values come as LibTorch's sort has them, and not by index: transformers cuts through ties
// where that does.
std::vector<std::size_t> sorted(std::span<const double> values, bool descending) {
  const at::Tensor order = std::get<1>(
      at::sort(at::from_blob(const_cast<double*>(values.data()), {std::ssize(values)}, at::kDouble), 0, descending));
  const auto* const indices = order.const_data_ptr<std::int64_t>();
  return {indices, indices + order.numel()};
}

// The k-th largest score.
double kth_largest(std::span<const double> scores, std::int64_t k) {
  std::vector<double> values(scores.begin(), scores.end());
  const auto place = std::min<std::size_t>(static_cast<std::size_t>(k), values.size()) - 1;
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(place), std::greater<>());
  return values[place];
}

void keep_top_k(std::span<double> scores, std::int64_t k) {
  const double least = kth_largest(scores, k);
  for (double& score : scores)
    if (score < least) score = barred;
}

void keep_top_p(std::span<double> scores, double p, std::int64_t min_keep) {
  const std::vector<double> shares = softmax(scores);
  const std::vector<std::size_t> order = sorted(scores, /*descending=*/false);
  double below = 0;
  for (std::size_t i = 0; i + static_cast<std::size_t>(min_keep) < order.size(); ++i) {
    below += shares[order[i]];
    if (below <= 1 - p) scores[order[i]] = barred;
  }
}

void keep_min_p(std::span<double> scores, double p, std::int64_t min_keep) {
  const std::vector<double> shares = softmax(scores);
  const double least = p * *std::ranges::max_element(shares);
  const std::vector<std::size_t> order = sorted(scores, /*descending=*/true);
  for (std::size_t i = static_cast<std::size_t>(min_keep); i < order.size(); ++i)
    if (shares[order[i]] < least) scores[order[i]] = barred;
}

void keep_typical(std::span<double> scores, double p, std::int64_t min_keep) {
  const std::vector<double> shares = softmax(scores);
  const double entropy = entropy_of(shares), top = *std::ranges::max_element(scores);
  double total = 0;
  for (const double score : scores) total += std::exp(score - top);
  std::vector<double> distance(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) distance[i] = std::abs(top + std::log(total) - scores[i] - entropy);
  const std::vector<std::size_t> order = sorted(distance, /*descending=*/false);
  std::size_t last = 0;
  double mass = 0;
  for (const std::size_t i : order) {
    mass += shares[i];
    if (mass < p) ++last;
  }
  const double furthest = distance[order[std::min(last, order.size() - 1)]];
  for (std::size_t i = static_cast<std::size_t>(min_keep); i < order.size(); ++i)
    if (distance[order[i]] > furthest) scores[order[i]] = barred;
}

// Bytes less likely than `least`, but for the min_keep best and those that equal them.
void keep_above(std::span<double> scores, const std::vector<double>& shares, double least, std::int64_t min_keep) {
  const double spared = kth_largest(scores, min_keep);
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (shares[i] < least && scores[i] < spared) scores[i] = barred;
}

void keep_epsilon(std::span<double> scores, double epsilon, std::int64_t min_keep) {
  keep_above(scores, softmax(scores), epsilon, min_keep);
}

void keep_eta(std::span<double> scores, double epsilon, std::int64_t min_keep) {
  const std::vector<double> shares = softmax(scores);
  keep_above(scores, shares, std::min(epsilon, std::sqrt(epsilon) * std::exp(-entropy_of(shares))), min_keep);
}

}  // namespace

void filter_scores(std::span<double> scores, const SamplingOptions& options) {
  const std::int64_t keep = options.min_keep;
  // Scores beyond what the softmax tells apart need not become infinite.
  if (options.temperature > 0)
    for (double& score : scores)
      if (score > barred) score = std::clamp(score / options.temperature, -1e100, 1e100);
  if (best_score(scores) == scores.size()) return;
  if (options.top_k > 0) keep_top_k(scores, std::max(options.top_k, keep));
  if (options.top_p < 1) keep_top_p(scores, options.top_p, keep);
  if (options.min_p > 0) keep_min_p(scores, options.min_p, keep);
  if (options.typical_p < 1) keep_typical(scores, options.typical_p, keep);
  if (options.epsilon_cutoff > 0 && options.epsilon_cutoff < 1) keep_epsilon(scores, options.epsilon_cutoff, keep);
  if (options.eta_cutoff > 0 && options.eta_cutoff < 1) keep_eta(scores, options.eta_cutoff, keep);
}

}  // namespace welt
