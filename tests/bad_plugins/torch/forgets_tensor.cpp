// Random numbers that are no parameter: no checkpoint has them.
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  Bad(const toy::sdk::Config& config, const at::TensorOptions& options)
      : Model(config, options), scale_(at::randn({8})) {}
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    return Model::forward(embeds, plan) * scale_;
  }

  at::Tensor scale_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
