// See hf_image_model.h.
#include "core/huggingface/hf_image_model.h"

#include <welt/abi/image_encoder.h>

#include <utility>

namespace welt {

HfImageModel::HfImageModel(const HfSource& source, at::ScalarType dtype, bool requires_grad)
    : loaded_(source, WELT_IMAGE_ENCODER_INTERFACE, dtype, requires_grad), dtype_(dtype) {}

// A mean over tokens is WeLT's, not the class's; and random weights are nobody's output.
at::Tensor HfImageModel::class_pooler(at::Tensor pooled) const {
  return facts().has_pooler && loaded_.weights.initialized.empty() ? std::move(pooled) : at::Tensor();
}

HfImageOutputs HfImageModel::forward(const at::Tensor& pixels) {
  TensorComponent::Encoded out;
  std::vector<NamedTensor> trace =
      loaded_.traced([&] { out = loaded_.component.encode_images(pixels, {}, /*want_hidden=*/true); });
  return {std::move(out.hidden), class_pooler(std::move(out.pooled)), std::move(trace)};
}

HfImageOutputs HfImageModel::forward_ragged(const at::Tensor& pixels, const at::Tensor& sizes) {
  return {{}, class_pooler(loaded_.component.encode_images(pixels, sizes).pooled), {}};
}

}  // namespace welt
