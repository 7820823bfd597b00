// What a Hugging Face image processor says of pixels. No tensors; pixels.h applies it.
#pragma once

#include <filesystem>
#include <vector>

namespace welt {

// How grey values 0…255 become an image encoder's input: (value · scale − mean) / deviation by channel; one value
// serves all channels. Empty mean and deviation: what the encoder's plugin says.
struct PixelNormalisation {
  double scale = 1.0 / 255.0;
  std::vector<double> mean, deviation;
};

// What a preprocessor_config.json says: rescale_factor, image_mean and image_std, unless do_rescale and do_normalize
// switch them off; where a CLIP processor has no mean and deviation, those of its class. Resizing and cropping are not
// for words, whose size is the renderer's: their keys are read over, as the Python WeLT switches both off. Throws Error
// naming file and key for values that cannot be, and for what would change pixels in another way: offset,
// rescale_offset, do_pad.
PixelNormalisation read_image_processor(const std::filesystem::path& file);

}  // namespace welt
