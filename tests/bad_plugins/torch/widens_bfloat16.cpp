// Gives float32 where it was given bfloat16.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    return hidden.scalar_type() == at::kBFloat16 ? hidden.to(at::kFloat) : hidden;
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
