// How fast a training goes: words and bytes a second, how much of a batch is empty, and what share of the rate of large
// products its own products reach.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/recipe/recipe.h"
#include "core/train/step_shares.h"
#include "core/train/stepper.h"

namespace welt {

// The products of the first steps are counted by watching LibTorch's operators; of later ones it is taken that they
// multiply as much for a word. [one thread]
class Throughput {
 public:
  // Measures the product peak of the recipe's precision.
  explicit Throughput(const Recipe& recipe);

  void before();
  void after(const StepReport& report);

  // {"words_per_second", "bytes_per_second", "padding_share", "mfu"} of a step: "padding_share" is that of word slots
  // without a word, "mfu" the share of peak_flops_per_second (without a multiplication: absent).
  nlohmann::json of_step(const StepReport& report) const;
  // The same of all steps since it was made, with peak_flops_per_second.
  nlohmann::json of_all() const;
  // "812 words/s, 4.1 kB/s, 3.2 % of word slots empty, products at 21 % of 143 GFLOP/s" of such an object.
  static std::string text(const nlohmann::json& figures, bool byte_lm);  // whose words are bytes

 private:
  nlohmann::json figures(double words, double bytes, double slots, double seconds) const;

  double peak_ = 0;  // FLOP/s
  double flops_per_word_ = 0;
  double words_ = 0, bytes_ = 0, slots_ = 0, seconds_ = 0;
  double watched_words_ = 0, watched_flops_ = 0;
  std::int64_t steps_ = 0;
  std::optional<OperatorWatch> watch_;
};

}  // namespace welt
