// Init: what a tensor holds before anything is learnt or loaded. Random values come from LibTorch's default generator.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace welt::nn {

// An initialiser is a function that fills a tensor, and the usual ones by name. Means, limits and gains are those of
// torch.nn.init.
class Init {
 public:
  using Function = std::function<void(const at::Tensor&)>;

  // A number is the standard deviation of a normal distribution around 0, as `initializer_range` is in configs.
  Init(double deviation) : Init(normal(deviation)) {}
  // One of your own: it writes into the tensor it gets, whatever dtype that has.
  static Init function(Function fill) { return Init(std::move(fill)); }

  static Init constant(double value);
  static Init zeros() { return constant(0); }
  static Init ones() { return constant(1); }
  static Init uniform(double low, double high);
  static Init normal(double deviation, double mean = 0);
  // Normal, within `low` and `high`, which are values and not numbers of deviations.
  static Init truncated_normal(double deviation, double mean = 0, double low = -2, double high = 2);

  // Which side of a product keeps its variance, and how values are spread.
  struct Scale {
    enum class Fan { in, out } fan = Fan::in;
    enum class Spread { uniform, normal } spread = Spread::uniform;
    double gain = 1;  // √2 before a ReLU
  };
  // He et al. 2015: variance gain² / fan. For tensors [out, in, ...], as kept by nn.Linear and nn.Conv2d.
  static Init kaiming(Scale scale);
  // Glorot and Bengio 2010: variance 2 gain² / (fan in + fan out).
  static Init xavier(Scale::Spread spread, double gain = 1);

  // By the name that a configuration gives; `deviation` is for those that have one. Throws Failure listing the names.
  static Init named(std::string_view name, double deviation);
  static std::vector<std::string> names();

  void operator()(const at::Tensor& tensor) const { fill_(tensor); }

 private:
  explicit Init(Function fill) : fill_(std::move(fill)) {}
  Function fill_;
};

}  // namespace welt::nn
