// Images of words, which come in groups of one size, as the batches that an image encoder is called with. Used by
// WeltModel::encode_images.
//
// Letters: n images of a group or batch, C channels, Hpx × Wpx pixels with padding.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/tensor/tensor_component.h"

namespace welt {

struct ImageBatch {
  at::Tensor pixels;                // [n, C, Hpx, Wpx]
  at::Tensor sizes;                 // I64 [n, 2], height and width of each image; undefined: all are Hpx × Wpx
  std::vector<std::size_t> groups;  // those in it, in the order of their images
};

// `groups`: [n, C, h, w] each. An encoder that takes one size at a time gets a batch a group. One that masks padding
// gets groups of several sizes at once, narrow ones first, as long as a batch holds no more padding than pixels: few
// large calls are faster than many small ones (docs/performance.md), and memory stays within twice that of the images.
std::vector<ImageBatch> image_batches(const std::vector<at::Tensor>& groups, const ImageEncoderInfo& encoder);

}  // namespace welt
