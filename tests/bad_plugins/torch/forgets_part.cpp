// A part that is made and used, and never registered.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  Bad(const toy::sdk::Config& config, const at::TensorOptions& options)
      : Model(config, options), out_(toy::model_width, toy::model_width, true, options, 0.5) {}
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    return embeds.add(out_(Model::forward(embeds, plan)));
  }

  toy::nn::Linear out_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
