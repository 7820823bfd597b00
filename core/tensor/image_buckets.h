// Images of several sizes for an encoder that takes one size at a time (no WELT_IMAGES_RAGGED): batches of one size
// each, cut out of the padding, so that it never reaches the encoder. Called by TensorComponent.
//
// Letters: N images, C channels, Hpx × Wpx pixels with padding; n images of one size h × w; D width.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

namespace welt {

// Immutable once made. [any thread]
class ImageBuckets {
 public:
  // pixels: [N, C, Hpx, Wpx]. sizes: I64 [N, 2] on the CPU, height and width of each image, 1 to Hpx and 1 to Wpx;
  // anything else throws Error, starting with `where`.
  ImageBuckets(const at::Tensor& pixels, const at::Tensor& sizes, std::string_view where);

  std::size_t count() const { return batches_.size(); }  // sizes that occur, in the order of their first image
  // No image has padding: a single batch, which is `pixels` as it is.
  bool whole() const { return whole_; }

  // The images of batch `i`, [n, C, h, w], with graph.
  at::Tensor batch(std::size_t i) const;
  // The batches' [n, D] → [N, D] in the caller's order, with graph. There is at least one batch.
  at::Tensor join(const std::vector<at::Tensor>& pooled) const;

 private:
  struct Batch {
    std::int64_t height, width;
    std::vector<std::int64_t> images;  // their numbers, ascending
  };
  at::Tensor pixels_;
  std::vector<Batch> batches_;
  bool whole_ = false;
};

}  // namespace welt
