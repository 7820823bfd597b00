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
  static const std::vector<std::string> names{"fp32", "bf16", "int8"};
  return names;
}

void set_step_weights(const std::string& name) {
  const auto& names = step_weights_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    fail({.where = "the weights of generation",
          .found = '"' + name + '"',
          .expected = "fp32, bf16 or int8",
          .mend = {}});
  if (found != names.begin() && chosen_instructions() == nullptr)
    fail({.where = "the weights of generation",
          .found = name + ", with the kernels switched off",
          .expected = "fp32: LibTorch's own products take no others beside float32",
          .mend = "Unset WELT_KERNELS"});
  step_weights() = static_cast<int>(found - names.begin());
}

}  // namespace welt::kernels
