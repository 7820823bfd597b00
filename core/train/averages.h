// Exponential moving averages of a model's weights, which often do better than the weights themselves.
//
// average ← average + (1 − d) (weight − average), d = min(decay, (1 + k) / (10 + k)) at step k, so that the first
// steps do not stay in it. In float32, whatever the weights are. [one thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/model/welt_model.h"

namespace welt {

class WeightAverages {
 public:
  WeightAverages(const WeltModel& model, double decay);

  void update(std::int64_t step);
  // The model has the averages in place of its weights as long as this lives.
  class InPlace {
   public:
    explicit InPlace(WeightAverages& averages);
    ~InPlace();
    InPlace(const InPlace&) = delete;
    InPlace& operator=(const InPlace&) = delete;

   private:
    WeightAverages& averages_;
    std::vector<at::Tensor> weights_;
  };

  void save(const std::filesystem::path& file) const;
  void load(const std::filesystem::path& file);

 private:
  double decay_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_, averages_;
};

}  // namespace welt
