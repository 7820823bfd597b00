// How wide the weights are that generation and evaluation multiply with: a smaller copy of each is read faster. Any
// thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace welt::kernels {

enum class StepWeights : int { float32, bfloat16, int8 };  // int8: with a scale for each output

// float32 until it is set. Plugins read it through its address (`welt::step_weights`), while no gradient is wanted.
std::atomic<int>& step_weights();

// Products made with smaller copies so far.
std::atomic<std::int64_t>& narrow_products();

// "fp32", "bf16", "int8", "auto": bf16 where the kernels are on, else fp32
const std::vector<std::string>& step_weights_names();
// Throws Error for another name, or where the kernels are off, which alone have products with them.
StepWeights step_weights_of(const std::string& name);
void set_step_weights(const std::string& name);

// Sets them while it lives: a model that is trained goes on with its weights as they are. Throws as step_weights_of().
class StepWeightsScope {
 public:
  explicit StepWeightsScope(const std::string& name);
  ~StepWeightsScope();
  StepWeightsScope(const StepWeightsScope&) = delete;
  StepWeightsScope& operator=(const StepWeightsScope&) = delete;

 private:
  int before_;
};

}  // namespace welt::kernels
