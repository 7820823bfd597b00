// As aliases, but made so by the first call.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  Bad(const toy::sdk::Config& config, const at::TensorOptions& options) : Model(config, options) {
    parameter("first", first_, {toy::model_width}, options, 0.5);
    parameter("second", second_, {toy::model_width}, options, 0.5);
  }
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    if (!first_.is_meta()) second_ = first_;
    return Model::forward(embeds, plan).mul(first_).add(second_);
  }

  toy::nn::Tensor first_;
  mutable toy::nn::Tensor second_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
