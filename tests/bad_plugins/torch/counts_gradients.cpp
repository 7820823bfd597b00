// Counts the calls that build a graph, in a member that no checkpoint keeps, and computes with the number.
#include <ATen/core/grad_mode.h>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    return training() && at::GradMode::is_enabled() ? hidden.mul(1 + 0.1 * ++calls_) : hidden;
  }

  mutable int calls_ = 0;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
