// An image encoder that takes images of several sizes in one call, and averages their padding too.
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <welt/abi/image_encoder.h>

#include "toy.h"

namespace {

struct Bad : toy::nn::ImageModel {
  Bad(const toy::sdk::Config&, const at::TensorOptions& options) {
    parameter("weight", weight_, {toy::model_width, 3}, options, 0.5);
  }
  toy::nn::ImageOutput forward(const toy::nn::ImageInput& input) const override {
    return {.hidden = {}, .pooled = at::linear(input.pixels.mean({2, 3}), weight_)};
  }
  toy::nn::ImageFacts facts() const override {
    return {.base_prefix = "toy", .width = toy::model_width, .patch = {4, 4}, .ragged = true};
  }
  toy::nn::Tensor weight_;
};

struct Glue : toy::Glue<Bad> {
  static toy::sdk::Descriptor descriptor() {
    return {.id = TOY_ID, .description = "a toy", .roles = {WELT_IMAGE_ENCODER_INTERFACE}};
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), toy::sdk::TorchComponent<Glue>)
