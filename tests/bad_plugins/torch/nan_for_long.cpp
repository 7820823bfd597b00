// Gives NaN for a row of more than 100.
#include <limits>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    at::Tensor hidden = Model::forward(embeds, plan);
    if (plan.rows() == 1 && plan.tokens() > 100) hidden.select(1, 0).fill_(std::numeric_limits<double>::quiet_NaN());
    return hidden;
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
