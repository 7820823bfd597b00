// A static variable counts calls, and nothing depends on it.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    static long calls = 0;
    ++calls;
    return Model::forward(embeds, plan);
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
