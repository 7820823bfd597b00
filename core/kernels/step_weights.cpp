// See step_weights.h.
#include "core/kernels/step_weights.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/kernels/instructions.h"

namespace welt::kernels {

std::atomic<int>& step_weights() {
  static std::atomic<int> chosen{static_cast<int>(StepWeights::float32)};
  return chosen;
}

std::atomic<std::int64_t>& narrow_products() {
  static std::atomic<std::int64_t> count{0};
  return count;
}

const std::vector<std::string>& step_weights_names() {
  static const std::vector<std::string> names{"fp32", "bf16", "int8", "auto"};
  return names;
}

StepWeights step_weights_of(const std::string& name) {
  const auto& names = step_weights_names();
  const bool kernels = chosen_instructions() != nullptr;
  if (name == "auto") return kernels ? StepWeights::bfloat16 : StepWeights::float32;
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    fail({.where = "the weights of generation",
          .found = '"' + name + '"',
          .expected = "fp32, bf16, int8 or auto",
          .mend = {}});
  if (found != names.begin() && !kernels)
    fail({.where = "the weights of generation",
          .found = name + ", with the kernels switched off",
          .expected = "fp32: LibTorch's own products take no others beside float32",
          .mend = "Unset WELT_KERNELS, or say \"auto\""});
  return static_cast<StepWeights>(found - names.begin());
}

void set_step_weights(const std::string& name) { step_weights() = static_cast<int>(step_weights_of(name)); }

StepWeightsScope::StepWeightsScope(const std::string& name) : before_(step_weights()) { set_step_weights(name); }
StepWeightsScope::~StepWeightsScope() { step_weights() = before_; }

}  // namespace welt::kernels
