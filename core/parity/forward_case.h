// One case of an input file (forward_cases.h): reading it, its objective, its results. Whatever the kind of model.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/safetensors.h"
#include "core/tensor/tensor_io.h"

namespace welt {

using CaseTensors = std::map<std::string, at::Tensor, std::less<>>;

struct ForwardCase {
  CaseTensors in, w;
  at::Tensor valid;  // BOOL [B,T], or undefined
};

// Calls `run` for every case of the file, in the order of names. Its errors come out naming file and case; a file
// without cases is an Error.
void for_each_case(const SafetensorsFile& file,
                   const std::function<void(const std::string& name, const ForwardCase& test)>& run);

// Σ output·w over the outputs that w names, in at least single precision.
at::Tensor objective(const CaseTensors& out, const CaseTensors& w);

// Throws Error (data_loss) unless all outputs are finite, naming the first that is not (those in `trace` in its order,
// which is that of the computation) and the first parameter.
void require_finite(const std::vector<NamedTensor>& trace, const CaseTensors& out,
                    const std::vector<NamedTensor>& parameters);

// Where the results of one case go, under "<case>/<group>/<name>" and in one dtype.
class CaseResults {
 public:
  CaseResults(std::string name, at::ScalarType dtype, std::vector<NamedTensor>& results)
      : name_(std::move(name)), dtype_(dtype), results_(results) {}

  void put(std::string_view group, std::string_view name, const at::Tensor& value);
  // Backward of `total`: "grad/<input>" of each input that has one, "grad_norm/<parameter>" of each parameter.
  // Throws Error for one that is not finite.
  void put_gradients(const at::Tensor& total, const CaseTensors& inputs, const std::vector<NamedTensor>& parameters);

 private:
  std::string name_;
  at::ScalarType dtype_;
  std::vector<NamedTensor>& results_;
};

}  // namespace welt
