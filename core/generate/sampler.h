// Choosing the next byte from its scores: the best, or a draw from what the filters leave.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/utf8_automaton.h"

namespace welt {

struct SamplingOptions {
  double temperature = 0;     // 0: greedy
  std::int64_t top_k = 0;     // the k most likely bytes, and those as likely as the k-th; 0: all
  double top_p = 1;           // the smallest set of most likely bytes with at least this probability
  double min_p = 0;           // bytes at least this share as likely as the most likely one
  double typical_p = 1;       // bytes whose surprise is nearest to the entropy, up to this probability
  double epsilon_cutoff = 0;  // bytes at least this likely; 0: all
  double eta_cutoff = 0;      // the same, with a bound that falls with the entropy; 0: all
  std::uint64_t seed = 42;
  std::int64_t min_keep = 1;  // bytes that every filter leaves at least

  void check() const;  // throws Error naming the option
};

// Sets what the filters drop to minus infinity, in the order and by the rules of transformers: temperature, top-k,
// top-p, min-p, typical, epsilon, eta. Scores of minus infinity stay so. A temperature of 0 counts as 1.
void filter_scores(std::span<double> scores, const SamplingOptions& options);

// The random numbers of one row: Philox over (seed, hash of the prompt, how often the prompt came before in the batch),
// then (word, byte). So a row draws the same whatever else is in its batch.
class ByteDraws {
 public:
  ByteDraws(std::uint64_t seed, std::string_view prompt, std::uint64_t occurrence);
  double uniform(std::int64_t word, std::int64_t byte) const;  // [0, 1)

 private:
  std::uint64_t key_;
};
// Of each of a batch's prompts.
std::vector<ByteDraws> draws_of(const std::vector<std::string>& prompts, std::uint64_t seed);

// The index of the largest score, the smallest of equal ones; the number of scores: all are minus infinity.
std::size_t best_score(std::span<const double> scores);
// One of the finite scores (at least one is), each as likely as its softmax says. `uniform` is the draw.
std::size_t draw_score(std::span<const double> scores, double uniform);

// One of the allowed bytes (at least one is): greedily, or drawn from what the filters leave. logits [256]; of equal
// ones the smallest byte wins.
std::uint8_t choose_byte(std::span<const float> logits, const ByteSet& allowed, const SamplingOptions& options,
                         double uniform);

}  // namespace welt
