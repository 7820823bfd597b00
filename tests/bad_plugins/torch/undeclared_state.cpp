// Training changes its results for good, in a member that it does not declare as a buffer.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    if (training()) scale_ = 0.5;
    return Model::forward(embeds, plan).mul(scale_);
  }
  mutable double scale_ = 1;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
