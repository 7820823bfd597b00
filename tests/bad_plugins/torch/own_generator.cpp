// Drops values in training by a random generator of its own.
#include <random>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    return training() ? hidden.mul(static_cast<double>(random_() % 2)) : hidden;
  }

  mutable std::mt19937 random_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
