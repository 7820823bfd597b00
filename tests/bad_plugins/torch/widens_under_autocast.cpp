// Gives float64 where autocast is on.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    const bool autocast = toy::nn::compute_type(embeds) != embeds.scalar_type();
    return autocast ? hidden.to(at::kDouble) : hidden;
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
