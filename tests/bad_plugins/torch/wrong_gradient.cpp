// Its gradient is twice that of what it computes.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    at::Tensor hidden = Model::forward(embeds, plan);
    return hidden.add(hidden.sub(hidden.detach()));
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
