// Computes with a number that float32 has and bfloat16 rounds away.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    return hidden.add(1000).sub(1000);
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
