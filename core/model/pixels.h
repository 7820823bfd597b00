// Grey images as an image encoder wants them: rescaled, normalised, with channels, and padded where sizes differ; as
// the image processors of Hugging Face transformers define it for images that are neither resized nor cropped.
//
// Images travel as 8-bit grey, a byte a pixel, from the renderer to here: the device's memory sees them as numbers
// first. Letters: N images, C channels, Hpx × Wpx pixels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/huggingface/image_processor.h"
#include "core/model/step_plan.h"

namespace welt {

// The images of a group, [n,C,Hpx,Wpx] of the floating `type`. Each of the 256 greys is worked out in float64 and then
// rounded, so a pixel is as near to its value as the type allows. `pixels` has a mean and a deviation, one or C of
// them.
at::Tensor normalise_images(const ImageGroup& images, const PixelNormalisation& pixels, std::int64_t channels,
                            at::ScalarType type);

// Images of several sizes as one batch, zeros right of them and below: zeros of normalised values, as the Python WeLT's
// collator pads. pixels [N,C,Hpx,Wpx] of the largest sizes; sizes I64 [N,2], height and width of each. ImageBuckets
// (image_buckets.h) takes them apart again.
struct PaddedImages {
  at::Tensor pixels, sizes;
};
// images[i]: [n,C,h,w] of one size, of one type, device and number of channels; rows[i]: [n], where they go among
// 0…N−1, each once. sizes are on the CPU.
PaddedImages pad_images(const std::vector<at::Tensor>& images, const std::vector<std::vector<std::int64_t>>& rows);

}  // namespace welt
