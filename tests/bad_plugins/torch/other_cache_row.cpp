// Numbers the rows of packed calls as they are worked on, where the cache has them as they came.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    at::Tensor places = plan.positions();
    if (plan.cache() != nullptr && plan.groups().size() > 1) {
      std::vector<at::Tensor> counted;
      for (const toy::nn::RowGroup& group : plan.groups()) {
        for (std::int64_t row = group.first_row; row < group.first_row + group.rows; ++row) {
          const std::int64_t cached = plan.cache()->lengths()[static_cast<std::size_t>(row)];
          counted.push_back(at::arange(cached, cached + group.length));
        }
      }
      places = at::cat(counted);
    }
    return hidden + places.to(hidden.scalar_type()).sin().unsqueeze(1);
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
