// Two parameters are one tensor, and nobody says so.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  Bad(const toy::sdk::Config& config, const at::TensorOptions& options) : Model(config, options) {
    parameter("first", first_, {toy::model_width}, options, 0.5);
    parameter("second", second_, {toy::model_width}, options, 0.5);
    second_ = first_;
  }
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    return Model::forward(embeds, plan).mul(first_).add(second_);
  }

  toy::nn::Tensor first_, second_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
