// Adds what the next slot holds, where nothing but the triangle hides it.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    at::Tensor hidden = Model::forward(embeds, plan);
    if (plan.groups().size() != 1) return hidden;
    const toy::nn::RowGroup& group = plan.groups().front();
    if (!plan.mask(0, {}, hidden.scalar_type()).causal_only) return hidden;
    const at::Tensor rows = embeds.view({group.rows, group.length, -1});
    const at::Tensor next = at::cat({rows.narrow(1, 1, group.length - 1), at::zeros_like(rows.narrow(1, 0, 1))}, 1);
    return hidden + next.reshape(hidden.sizes());
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
