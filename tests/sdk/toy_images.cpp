// See toy_images.h.
#define WELT_PLUGIN_STATIC_NAME toy_images
#include "tests/sdk/toy_images.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/linear.h>
#include <gtest/gtest.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/image_encoder.h>

#include <welt/nn/layers.h>
#include <limits>
#include <optional>
#include <welt/sdk/torch.hpp>

#include "core/plugin/strings.h"

namespace {

using namespace welt::sdk;

class MeanPixels : public welt::nn::ImageModel {
 public:
  MeanPixels(const Config& config, const at::TensorOptions& options) : wrong_(config.get_string("wrong", "")) {
    facts_ = {.base_prefix = "toy",
              .width = config.get_int("width", 2),
              .channels = config.get_int("channels", 3),
              .minimum = {config.get_int("minimum", 2), config.get_int("minimum", 2)},
              .ragged = config.get_bool("ragged", true),
              .initializer_range = 0.5};
    parameter("weight", weight_, {facts_.width, facts_.channels}, options, 0.5);
    if (config.get_bool("norm", false)) child("norm", norm_.emplace(facts_.channels, 1e-5, options));
    if (config.get_bool("tied", false)) {
      parameter("again", again_, {facts_.width, facts_.channels}, options, 0.5);
      tie(again_, weight_);
    } else {
      absent(again_);
    }
    if (wrong_ == "width") facts_.width = 0;
    if (wrong_ == "channels") facts_.channels = 5;
    if (wrong_ == "scale") facts_.scale = std::numeric_limits<double>::infinity();
  }

  welt::nn::ImageOutput forward(const welt::nn::ImageInput& input) const override {
    if (input.trace) input.trace("hidden_states.0", input.pixels);
    const std::int64_t height = input.pixels.size(2), width = input.pixels.size(3);
    const at::Tensor pixels = norm_ ? (*norm_)(input.pixels) : input.pixels;
    at::Tensor sum = pixels, count = at::full_like(input.pixels.select(1, 0), 1);  // [N, C, H, W], [N, H, W]
    if (input.sizes.defined()) {
      const at::Tensor size = input.sizes.unsqueeze(-1);  // [N, 2, 1]
      const at::Tensor rows = at::arange(height) < size.select(1, 0), columns = at::arange(width) < size.select(1, 1);
      count = (rows.unsqueeze(2) & columns.unsqueeze(1)).to(input.pixels.scalar_type());  // [N, H, W]
      sum = pixels.masked_fill(count.unsqueeze(1) == 0, 0);
    }
    const at::Tensor mean = sum.sum({2, 3}) / count.sum({1, 2}).unsqueeze(1);  // [N, C]
    welt::nn::ImageOutput out{.pooled = at::linear(mean, weight_)};            // [N, D]
    if (input.want_hidden) out.hidden = at::einsum("nchw,dc->ndhw", {sum, weight_});
    if (wrong_ == "pooled") out.pooled = out.pooled.narrow(1, 0, 1);
    return out;
  }
  welt::nn::ImageFacts facts() const override { return facts_; }

 private:
  welt::nn::ImageFacts facts_;
  std::string wrong_;
  welt::nn::Tensor weight_, again_;
  std::optional<welt::nn::BatchNorm2d> norm_;
};

struct Toy {
  using Model = MeanPixels;
  static Descriptor descriptor() {
    return {.id = "toy_images", .description = "for tests", .roles = {WELT_IMAGE_ENCODER_INTERFACE}};
  }
  static Schema schema() {
    return {integer("width", 2, "D"),
            integer("channels", 3, "C"),
            boolean("ragged", true, "masks padding"),
            integer("minimum", 2, "pixels"),
            boolean("norm", false, "a batch norm before all"),
            boolean("tied", false, "the matrix has a second name, again"),
            text("wrong", "", "what is wrong")};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("toy_images", "0.0.1", "for tests", "MIT"), TorchComponent<Toy>)

namespace welt::test {

const ComponentType& toy_images() {
  static const Plugin plugin{"toy_images", "", {}, [] {
                               const welt_plugin* table = nullptr;
                               EXPECT_EQ(toy_images_welt_plugin_entry(&host(), &table, nullptr), WELT_OK);
                               return table;
                             }()};
  static const ComponentType type = [] {
    const auto* factory =
        static_cast<const welt_component_factory_v1*>(plugin.table->get_factory(string_of(WELT_COMPONENT_FACTORY)));
    const auto* schema =
        static_cast<const welt_config_schema_v1*>(factory->get_interface(0, string_of(WELT_CONFIG_SCHEMA_INTERFACE)));
    return ComponentType{.plugin = &plugin,
                         .factory = factory,
                         .index = 0,
                         .id = "toy_images",
                         .roles = {WELT_IMAGE_ENCODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
                         .schema = schema};
  }();
  return type;
}

}  // namespace welt::test
