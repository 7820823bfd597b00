// The gradients of all parameters together: their norm, clipping, and whether they are numbers at all.
#pragma once

#include <string>
#include <vector>

#include "core/model/welt_model.h"

namespace welt {

// [one thread]
class Gradients {
 public:
  explicit Gradients(std::vector<ModelParameter> parameters) : parameters_(std::move(parameters)) {}

  at::Tensor norm() const;  // L2 over all that are there, float64 [] where they are
  // The same, and behind it that of each of so many groups: float64 [1 + groups]. group_of: of each parameter, in
  // order.
  at::Tensor norms(const std::vector<std::size_t>& group_of, std::size_t groups) const;
  // Scales all by min(1, limit / (norm + 1e-6)); limit 0: none.
  void clip(double norm, double limit);
  void drop();
  // "parameter group bytes_decoder (bytes_decoder.model.norm.weight)" of the first value or gradient that is not
  // finite; "": all are.
  std::string first_not_finite() const;

 private:
  std::vector<at::Tensor> defined() const;
  std::vector<ModelParameter> parameters_;
};

}  // namespace welt
