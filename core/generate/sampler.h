// Choosing the next byte from its logits: greedy, or by temperature, top-k and top-p.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/text/utf8_automaton.h"

namespace welt {

struct SamplingOptions {
  double temperature = 0;  // 0: greedy
  std::int64_t top_k = 0;  // the k most likely bytes; 0: all
  double top_p = 1;        // the smallest set of most likely bytes with at least this probability
  std::uint64_t seed = 42;

  void check() const;  // throws Error naming the option
};

// The random numbers of one row: Philox over (seed, hash of the prompt, how often the prompt came before in the batch),
// then (word, byte). So a row draws the same whatever else is in its batch.
class ByteDraws {
 public:
  ByteDraws(std::uint64_t seed, std::string_view prompt, std::uint64_t occurrence);
  double uniform(std::int64_t word, std::int64_t byte) const;  // [0, 1)

 private:
  std::uint64_t key_;
};

// One of the allowed bytes (at least one is). logits [256]; of equal ones the smallest byte wins. Filters apply in the
// order temperature, top-k, top-p, as in transformers. `uniform` is the draw, which greedy does not use.
std::uint8_t choose_byte(std::span<const float> logits, const ByteSet& allowed, const SamplingOptions& options,
                         double uniform);

}  // namespace welt
