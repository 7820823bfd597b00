// Keeps what it gave away, in training.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    if (training()) kept_ = hidden.detach();
    return hidden;
  }

  mutable at::Tensor kept_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
