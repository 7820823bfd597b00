// Its first weights come from the clock, not from the host's generator.
#include <chrono>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  Bad(const toy::sdk::Config& config, const at::TensorOptions& options) : Model(config, options) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    parameter("bias", bias_, {toy::model_width}, options, static_cast<double>(now % 1000 + 1) * 1e-3, {.decay = false});
  }
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    return Model::forward(embeds, plan).add(bias_);
  }
  toy::nn::Tensor bias_;
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::Component<Bad>)
