// Gives a little more where there is a cache.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    at::Tensor hidden = Model::forward(embeds, plan);
    return plan.cache() == nullptr ? hidden : hidden.mul(1.01);
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
