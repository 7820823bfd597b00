// See accumulator.h.
#include "core/metrics/accumulator.h"

#include <cmath>
#include <numbers>

namespace welt {
namespace {

double ratio(double a, std::int64_t b) { return b > 0 ? a / static_cast<double>(b) : 0; }

}  // namespace

LossSums& LossSums::operator+=(const LossSums& other) {
  nats += other.nats;
  text_bytes += other.text_bytes;
  label_bytes += other.label_bytes;
  correct_bytes += other.correct_bytes;
  words += other.words;
  correct_words += other.correct_words;
  return *this;
}

double LossSums::loss() const { return ratio(nats, label_bytes); }
double LossSums::perplexity() const { return label_bytes > 0 ? std::exp(loss()) : 0; }
double LossSums::byte_accuracy() const { return ratio(static_cast<double>(correct_bytes), label_bytes); }
double LossSums::word_accuracy() const { return ratio(static_cast<double>(correct_words), words); }
double LossSums::bits_per_byte() const { return ratio(nats / std::numbers::ln2, text_bytes); }

}  // namespace welt
