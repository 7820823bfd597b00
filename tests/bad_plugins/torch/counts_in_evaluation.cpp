// A buffer counts its calls, in evaluation too.
#include "toy.h"

namespace {

struct Bad : toy::Model {
  Bad(const toy::sdk::Config& config, const at::TensorOptions& options) : Model(config, options) {
    buffer("calls", calls_, {}, options.dtype(at::kLong), toy::nn::Init::zeros());
  }
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    calls_.add_(1);
    return Model::forward(embeds, plan);
  }
  toy::nn::Tensor calls_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
