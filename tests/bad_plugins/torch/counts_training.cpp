// Counts its calls in training, in a member that no checkpoint keeps, and computes with the number.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    return training() ? hidden.mul(1 + 0.1 * ++calls_) : hidden;
  }
  mutable int calls_ = 0;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
