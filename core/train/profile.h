// A few steps of training in detail: when each of LibTorch's operators ran, as a Chrome trace (chrome://tracing,
// Perfetto), and which cost most, as a table. `welt run --profile N`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "core/train/stepper.h"

namespace welt {

// Operators are those of all threads that compute, our own kernels too; a step's parts (data, optimizer) are spans of
// their own. [one at a time; one thread]
class StepProfile {
 public:
  // Watches the steps `first` to `first` + `steps` − 1.
  StepProfile(std::int64_t first, std::int64_t steps);
  ~StepProfile();

  void before(std::int64_t step);
  void after(const StepReport& report);

  // By the time in an operator itself, without that of the operators it calls; "" without a step.
  std::string table(std::size_t rows = 15) const;
  // trace.json and operators.txt (all rows) in `folder`, which is made.
  void write(const std::filesystem::path& folder) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace welt
