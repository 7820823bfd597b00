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
#include <welt/sdk/fields.hpp>

namespace my_plugin_model {

namespace nn = welt::nn;
namespace sdk = welt::sdk;

// A configuration: each member is a key, named as Hugging Face names it, with its default, what it may be, and a line
// of help. The schema and the checks follow from it (welt/sdk/fields.hpp).
struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);  // checks what several keys or a remainder decide
  std::int64_t width = integer("hidden_size", 64, "width D, a multiple of 4").range(4, 1 << 20);
  std::int64_t inner = integer("intermediate_size", 128, "inner width of a block").range(1, 1 << 22);
  std::int64_t layers = integer("num_hidden_layers", 2, "blocks").range(0, 10000);
  std::int64_t channels = integer("num_channels", 3, "channels of an image").range(1, 4);
  std::int64_t patch = integer("patch_size", 16, "pixels of a patch in both directions").range(1, 1024);
  double norm_eps = number("layer_norm_eps", 1e-5, "added to the variance in norms").range(0, 1);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
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
  using Settings = my_plugin_model::Settings;
  // `options` say dtype and device of new parameters; on the meta device they take no memory.
  Model(const sdk::Config& config, const at::TensorOptions& options);

  nn::ImageOutput forward(const nn::ImageInput& input) const override;
  nn::ImageFacts facts() const override;

 private:
  Settings settings_;
  nn::Conv2d projection_;
  nn::BlockList<Block> blocks_;
  nn::LayerNorm norm_;
};

}  // namespace my_plugin_model
