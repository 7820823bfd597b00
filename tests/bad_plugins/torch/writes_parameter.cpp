// Keeps a parameter within bounds, where it is anyway, by writing to it.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  Bad(const toy::sdk::Config& config, const at::TensorOptions& options) : Model(config, options) {
    parameter("scale", scale_, {toy::model_width}, options, toy::nn::Init::constant(0.5));
  }
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    if (!training()) scale_.detach().clamp_(-1e3, 1e3);
    return Model::forward(embeds, plan).mul(scale_);
  }

  toy::nn::Tensor scale_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
