// See averages.h.
#include "core/train/averages.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/tensor/finite.h"
#include "core/tensor/tensor_io.h"

namespace welt {

WeightAverages::WeightAverages(const WeltModel& model, double decay) : decay_(decay) {
  for (const ModelParameter& parameter : model.parameters()) {
    names_.push_back(parameter.name);
    parameters_.push_back(parameter.tensor);
    averages_.push_back(parameter.tensor.detach().to(at::kFloat, /*non_blocking=*/false, /*copy=*/true));
  }
}

void WeightAverages::update(std::int64_t step) {
  const at::NoGradGuard no_grad;
  const auto k = static_cast<double>(step);
  const double decay = std::min(decay_, (1 + k) / (10 + k));
  for (std::size_t i = 0; i < averages_.size(); ++i)
    averages_[i].lerp_(parameters_[i].detach().to(at::kFloat), 1 - decay);
}

WeightAverages::InPlace::InPlace(WeightAverages& averages) : averages_(averages) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < averages.parameters_.size(); ++i) {
    weights_.push_back(averages.parameters_[i].detach().clone());
    averages.parameters_[i].copy_(averages.averages_[i]);
  }
}

WeightAverages::InPlace::~InPlace() {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < weights_.size(); ++i) averages_.parameters_[i].copy_(weights_[i]);
}

void WeightAverages::save(const std::filesystem::path& file) const {
  std::vector<NamedTensor> tensors;
  for (std::size_t i = 0; i < names_.size(); ++i) tensors.emplace_back(names_[i], averages_[i]);
  save_tensors(file, tensors);
}

void WeightAverages::load(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const SafetensorsEntry* entry = file.find(names_[i]);
    const bool fits = entry && at::IntArrayRef(entry->shape) == averages_[i].sizes() && entry->dtype == "F32";
    const at::Tensor values = fits ? copied_tensor(file, *entry) : at::Tensor();
    if (!fits || !all_finite(values))
      fail({path.string(), fmt::format("the average of {} is missing, or not as it should be", names_[i]),
            fmt::format("finite values, F32 {}", shape_text(averages_[i].sizes())),
            "Resume with the recipe that wrote it, or remove this checkpoint to go on from the one before"},
           ErrorCode::data_loss);
    averages_[i] = values.to(averages_[i].device());
  }
}

}  // namespace welt
