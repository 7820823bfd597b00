// Never gives the same twice.
#include <ATen/TensorOperators.h>
#include <ATen/ops/rand_like.h>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    at::Tensor hidden = Model::forward(embeds, plan);
    return hidden + at::rand_like(hidden) * 1e-3;
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
