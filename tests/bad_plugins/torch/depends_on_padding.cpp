// Adds the length of the row, padding included. It is a bytes encoder.
#include <ATen/TensorOperators.h>
#include <welt/abi/bytes_encoder.h>

#include <ATen/ops/cat.h>

#include <vector>

#include "toy.h"

namespace {

struct Bad : toy::Model {
  using Model::Model;
  at::Tensor forward(const at::Tensor& embeds, const toy::nn::RowPlan& plan) const override {
    const at::Tensor hidden = Model::forward(embeds, plan);
    std::vector<at::Tensor> parts = {hidden.narrow(0, 0, 0)};
    for (const toy::nn::RowGroup& group : plan.groups())
      parts.push_back(hidden.narrow(0, group.first_token, group.rows * group.length) + 0.01 * group.length);
    return at::cat(parts);
  }
  toy::nn::CacheLayout cache_layout() const override { return {}; }
};

struct Glue : toy::Glue<Bad> {
  static toy::sdk::Descriptor descriptor() {
    return {
        .id = TOY_ID, .description = "a toy", .roles = {WELT_BYTES_ENCODER_INTERFACE}, .flags = WELT_COMPONENT_PACKED};
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::sdk::TorchComponent<Glue>)
