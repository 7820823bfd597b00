// One tensor under two names.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  Bad(const toy::sdk::Config& config, const at::TensorOptions& options) : Model(config, options) {
    parameter("scale", scale_, {toy::model_width}, options, 0.5);
    parameter("shift", scale_, {toy::model_width}, options, 0.5);
  }
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    return Model::forward(embeds, plan).mul(scale_);
  }

  toy::nn::Tensor scale_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
