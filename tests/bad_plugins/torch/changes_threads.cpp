// Changes how many threads everyone else has.
#include <ATen/Parallel.h>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    at::Tensor hidden = Model::forward(embeds, plan);
    at::set_num_threads(3);
    return hidden;
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
