// As counts_gradients, but for all components of the process together.
#include <ATen/core/grad_mode.h>

#include "toy.h"

namespace {

int calls = 0;

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    return training() && at::GradMode::is_enabled() ? hidden.mul(1 + 0.1 * ++calls) : hidden;
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
