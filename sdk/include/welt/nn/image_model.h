// What an image encoder is to the SDK: a module with a forward over a batch of images, and a few facts about itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "welt/nn/layers.h"

namespace welt::nn {

// welt_image_encoder_info of the ABI.
struct ImageFacts {
  std::string base_prefix;
  std::int64_t width = 0, channels = 3;  // D of the pooled vector, C
  Extent patch = {1, 1};                 // sizes must be multiples of it
  Extent minimum = {0, 0};               // the smallest image; 0: a patch
  bool ragged = false;                   // takes images of different sizes in one call, and masks their padding
  bool has_pooler = false;               // `pooled` is the class's own pooler_output, not the mean over all tokens
  double initializer_range = 0.02;
  double scale = 1.0 / 255;         // pixel values 0…255 become (value · scale − mean) / deviation
  std::array<double, 4> mean = {};  // per channel
  std::array<double, 4> deviation = {1, 1, 1, 1};
};

// A batch as it came over the border, checked by the SDK against the facts.
struct ImageInput {
  at::Tensor pixels;         // [N, C, Hpx, Wpx], normalised, of the parameters' dtype
  at::Tensor sizes;          // I64 [N, 2] height and width of each image, on the CPU; undefined: all are Hpx × Wpx
  bool want_hidden = false;  // ImageOutput::hidden is asked for
  std::function<void(std::string_view name, const at::Tensor& value)> trace = {};  // empty: nobody listens

  // As "hidden_states.<i>".
  void trace_hidden(std::size_t i, const at::Tensor& x) const {
    if (trace) trace("hidden_states." + std::to_string(i), x);
  }
};

struct ImageOutput {
  at::Tensor hidden;  // tokens [N, T, D] or feature map [N, D, h, w] before pooling; undefined: the encoder has neither
  at::Tensor pooled;  // [N, D]
};

// Letters: N images, C channels, Hpx × Wpx pixels, T tokens, D width. [instance]
class ImageModel : public Body {
 public:
  // Traces "hidden_states.<i>" where the class has them. N may be 0.
  virtual ImageOutput forward(const ImageInput& input) const = 0;
  virtual ImageFacts facts() const = 0;
};

}  // namespace welt::nn
