// See byte_rules.h.
#include "core/generate/byte_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace welt {
namespace {

constexpr double barred = -std::numeric_limits<double>::infinity();
constexpr double largest = 1e100;  // beyond it factors lead to infinity, whose differences are no numbers

std::size_t index_of(char byte) { return static_cast<std::uint8_t>(byte); }

void bar(std::span<double> scores, const ByteSet& bytes) {
  for (std::size_t byte = 0; byte < scores.size(); ++byte)
    if (bytes.test(byte)) scores[byte] = barred;
}

// Nothing but these, all alike.
void force(std::span<double> scores, const ByteSet& bytes) {
  for (std::size_t byte = 0; byte < scores.size(); ++byte) scores[byte] = bytes.test(byte) ? 0 : barred;
}

void add_bias(std::span<double> scores, std::string_view written, std::string_view sequence, double bias) {
  const std::string_view before = sequence.substr(0, sequence.size() - 1);
  if (sequence.size() > 1 && (sequence.size() > written.size() || !written.ends_with(before))) return;
  scores[index_of(sequence.back())] += bias;
}

void penalise_repetition(std::span<double> scores, std::string_view written, double penalty) {
  ByteSet seen;
  for (const char byte : written) seen.set(index_of(byte));
  for (std::size_t byte = 0; byte < scores.size(); ++byte)
    if (seen.test(byte)) scores[byte] = scores[byte] < 0 ? scores[byte] * penalty : scores[byte] / penalty;
}

void bar_repeated(std::span<double> scores, std::string_view written, std::size_t n) {
  if (written.size() + 1 < n) return;
  const std::string_view tail = written.substr(written.size() + 1 - n);
  for (std::size_t i = 0; i + n <= written.size(); ++i)
    if (written.substr(i, n - 1) == tail) scores[index_of(written[i + n - 1])] = barred;
}

void grow_ends(std::span<double> scores, const ByteSet& ends, double power) {
  for (std::size_t byte = 0; byte < scores.size(); ++byte)
    if (ends.test(byte) && scores[byte] > barred) scores[byte] += std::abs(scores[byte]) * (power - 1);
}

}  // namespace

bool ByteRules::any() const {
  return repetition_penalty != 1 || no_repeat_ngram > 0 || !bad_words.empty() || !sequence_bias.empty() ||
         min_bytes > 0 || min_length > 0 || forced_second || forced_last || end_growth || suppressed.any() ||
         suppressed_first.any() || finite_only || renormalise || ends != ByteRules().ends;
}

void ByteRules::apply(std::span<double> scores, std::string_view written, std::int64_t given, std::int64_t room) const {
  const std::int64_t length = std::ssize(written);
  for (const auto& [sequence, bias] : sequence_bias) add_bias(scores, written, sequence, bias);
  if (repetition_penalty != 1) penalise_repetition(scores, written, repetition_penalty);
  if (no_repeat_ngram > 0) bar_repeated(scores, written, static_cast<std::size_t>(no_repeat_ngram));
  for (const std::string& word : bad_words)
    if (word.size() > 1 || !ends.test(index_of(word.front()))) add_bias(scores, written, word, barred);
  if (length < min_bytes || length + 2 + given < min_length) bar(scores, ends);
  if (forced_second && length == 1) force(scores, ByteSet().set(*forced_second));
  if (forced_last && room == 1) force(scores, *forced_last);
  if (finite_only)
    for (double& score : scores) score = std::max(score, static_cast<double>(std::numeric_limits<float>::lowest()));
  if (end_growth && length > end_growth->first)
    grow_ends(scores, ends,
              std::min(largest, std::pow(end_growth->second, static_cast<double>(length - end_growth->first))));
  bar(scores, suppressed);
  if (length == (forced_second ? 1 : 0)) bar(scores, suppressed_first);
  for (double& score : scores) score = std::min(score, largest);
}

void log_softmax(std::span<double> scores) {
  const double top = *std::ranges::max_element(scores);
  if (top == barred) return;
  double total = 0;
  for (const double score : scores) total += std::exp(score - top);
  for (double& score : scores) score -= top + std::log(total);
}

}  // namespace welt
