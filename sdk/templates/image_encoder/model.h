// The mathematics of my_plugin: an image encoder of patches and small feed-forward blocks. Knows nothing of the ABI.
//
// An image is cut into patches; each becomes a vector by one product, gets the sinusoids of its row and column added
// (Vaswani et al. 2017), and goes through blocks x + narrow(gelu(wide(norm(x)))). The image is the mean of its patches.
// Patches never look at each other, and padding is left out of the mean, so images of all sizes go in one call.
//
// Letters: N images, C channels, Hpx × Wpx pixels, h × w patches, T = h · w, D width, I inner width.
#pragma once

#include <welt/nn/activation.h>
#include <welt/nn/image_model.h>

#include <cstdint>
#include <memory>
#include <vector>
#include <welt/sdk/config.hpp>
#include <welt/sdk/schema.hpp>

namespace my_plugin_model {

namespace nn = welt::nn;
namespace sdk = welt::sdk;

// A configuration. Keys are named as Hugging Face names them; the host has filled in the defaults of schema().
struct Settings {
  std::int64_t width, inner, layers, channels, patch;
  double norm_eps, initializer_range;

  static sdk::Schema schema();
  // Throws Failure naming the key for what cannot be.
  static Settings from(const sdk::Config& config);
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;  // [N, T, D] → [N, T, D]

 private:
  nn::LayerNorm norm_;
  nn::Activation activation_;
  nn::Linear wide_, narrow_;
};

class Model : public nn::ImageModel {
 public:
  // `options` say dtype and device of new parameters; on the meta device they take no memory.
  Model(const sdk::Config& config, const at::TensorOptions& options);

  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  Settings settings_;
  nn::Conv2d projection_;
  std::vector<std::unique_ptr<Block>> blocks_;
  nn::LayerNorm norm_;
};

}  // namespace my_plugin_model
