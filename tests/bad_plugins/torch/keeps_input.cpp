// Keeps what it was lent.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    kept_ = embeds.detach();
    return Model::forward(embeds, plan);
  }

  mutable at::Tensor kept_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
