// Nothing is wrong with it: an image encoder with batch norm. docs/write-a-plugin.md quotes its namespace.
#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <welt/abi/image_encoder.h>

#include "toy.h"

namespace nn = welt::nn;
namespace sdk = welt::sdk;

namespace batch_norm {

struct Settings : sdk::Fields {
  using Fields::Fields;
  std::int64_t width = integer("hidden_size", 16, "width D").range(1, 1 << 20);
  std::int64_t channels = integer("num_channels", 3, "channels of an image").range(1, 4);
  std::int64_t layers = integer("num_hidden_layers", 2, "blocks").range(0, 1000);
  double eps = number("batch_norm_eps", 1e-5, "added to the variance in norms").range(0, 1);
  std::string start = text("initializer", "kaiming_normal", "how convolutions start").one_of(nn::Init::names());
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options)
      : convolution_(s.width, s.width, {.kernel = {3, 3}, .padding = {1, 1}, .bias = false}, options,
                     nn::Init::named(s.start, /*deviation=*/0.02)),
        norm_(s.width, s.eps, options) {
    children({{"convolution", convolution_}, {"normalization", norm_}});
  }
  at::Tensor operator()(const at::Tensor& x) const { return x + at::gelu(norm_(convolution_(x))); }  // [N, D, h, w]

 private:
  nn::Conv2d convolution_;
  nn::BatchNorm2d norm_;  // weight and bias; buffers running_mean, running_var, num_batches_tracked
};

class Model : public nn::ImageModel {
 public:
  using Settings = batch_norm::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options)
      : s_(config),
        patches_(s_.channels, s_.width, {.kernel = {4, 4}, .stride = {4, 4}}, options, nn::Init::named(s_.start, 0.02)),
        blocks_(s_.layers, s_, options) {
    children({{"embedder", patches_}, {"layers", blocks_}});
  }
  nn::ImageOutput forward(const nn::ImageInput& input) const override {
    at::Tensor x = patches_(input.pixels);  // [N, C, Hpx, Wpx] → [N, D, h, w]
    for (std::size_t i = 0; i < blocks_.size(); ++i) x = blocks_[i](x);
    return {.hidden = x, .pooled = x.mean({2, 3})};
  }
  nn::ImageFacts facts() const override {
    return {.base_prefix = "batch_norm", .width = s_.width, .channels = s_.channels, .patch = {4, 4}};
  }

 private:
  Settings s_;
  nn::Conv2d patches_;
  nn::BlockList<Block> blocks_;
};

}  // namespace batch_norm

namespace {

struct Glue {
  using Model = batch_norm::Model;
  static sdk::Descriptor descriptor() {
    return {.id = TOY_ID, .description = "batch norm", .roles = {WELT_IMAGE_ENCODER_INTERFACE}};
  }
};

}  // namespace

WELT_PLUGIN(toy::info(), sdk::TorchComponent<Glue>)
