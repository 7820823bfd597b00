// Wants a gradient for a tensor that is no parameter: nobody trains or saves it.
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  Bad(const toy::sdk::Config& config, const at::TensorOptions& options)
      : Model(config, options), scale_(at::ones({8}).requires_grad_(true)) {}
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    return Model::forward(embeds, plan) * scale_;
  }

  at::Tensor scale_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
