// Convolution, batch norm, activation. See conv_norm.h.
#include "welt/nn/conv_norm.h"

#include <utility>

namespace welt::nn {
namespace {

Conv2d::Shape padded(const ConvNorm::Shape& shape) {
  const auto both = [](std::int64_t side) { return Extent{side, side}; };
  return {.kernel = both(shape.kernel),
          .stride = both(shape.stride),
          .padding = both(shape.kernel / 2 * shape.dilation),
          .groups = shape.groups,
          .bias = false,
          .dilation = both(shape.dilation)};
}

}  // namespace

ConvNorm::ConvNorm(std::int64_t in, std::int64_t out, const Shape& shape, std::string_view activation,
                   const at::TensorOptions& options, Init init, Init norm_init)
    : convolution_(in, out, padded(shape), options, std::move(init)),
      normalization_(out, /*eps=*/1e-5, options, /*momentum=*/0.1, std::move(norm_init)),
      activation_(activation) {
  children({{"convolution", convolution_}, {"normalization", normalization_}});
}

at::Tensor ConvNorm::operator()(const at::Tensor& x) const { return activation_(normalization_(convolution_(x))); }

}  // namespace welt::nn
