// Looks at a value in the middle of its forward, which would wait for any device but the CPU.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    const bool empty = hidden.numel() == 0 || hidden.detach().abs().max().item<double>() == 0;
    return empty ? hidden : hidden.add(0);
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
