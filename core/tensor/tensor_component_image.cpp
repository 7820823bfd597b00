// The call of component.h that takes images. Images of several sizes go to an encoder that has one size at a time in
// batches of one size.
#include "core/base/error.h"
#include "core/tensor/image_buckets.h"
#include "core/tensor/tensor_component_state.h"
#include "core/tensor/tensor_io.h"
#include "core/tensor/tensor_service.h"

namespace welt {

TensorComponent::Encoded TensorComponent::State::encode_images(const at::Tensor& pixels, const at::Tensor& sizes,
                                                               bool want_hidden) {
  const Borrowed images_in(pixels), sizes_in(sizes);
  CallError error;
  welt_tensor *hidden = nullptr, *pooled = nullptr;
  const welt_status status =
      images->encode(raw(), images_in.ref(), sizes_in.ref(), want_hidden ? &hidden : nullptr, &pooled, error.raw());
  Encoded encoded{take_tensor(hidden), take_tensor(pooled)};  // owned before anything throws
  trace.rethrow();
  error.check(status, what("encoding images"));
  const std::vector<std::int64_t> expected{pixels.size(0), image_encoder_info.width};
  if (!encoded.pooled.defined() || encoded.pooled.sizes() != at::IntArrayRef(expected))
    fail({.where = what("encoding images"),
          .found = encoded.pooled.defined() ? "pooled vectors of shape " + shape_text(encoded.pooled.sizes())
                                            : "no pooled vectors",
          .expected = shape_text(expected),
          .mend = "Tell the plugin's author"},
         ErrorCode::internal);
  return encoded;
}

TensorComponent::Encoded TensorComponent::encode_images(const at::Tensor& pixels, const at::Tensor& sizes,
                                                        bool want_hidden) {
  if (state_->images == nullptr) state_->lacks(WELT_IMAGE_ENCODER_INTERFACE);
  if (!sizes.defined()) return state_->encode_images(pixels, {}, want_hidden);
  const ImageBuckets buckets(pixels, sizes, state_->what("encoding images"));
  if (buckets.count() == 0 || buckets.whole()) return state_->encode_images(pixels, {}, want_hidden);
  if (state_->image_encoder_info.ragged) return state_->encode_images(pixels, sizes, want_hidden);
  if (buckets.count() == 1) return state_->encode_images(buckets.batch(0), {}, want_hidden);
  if (want_hidden)
    fail({.where = state_->what("encoding images"),
          .found = fmt::format("images of {} sizes, whose tokens were asked for", buckets.count()),
          .expected = "images of one size: this encoder takes one size at a time, and gives each its own number of "
                      "tokens",
          .mend = "Make a call for each size"});
  std::vector<at::Tensor> pooled;
  for (std::size_t i = 0; i < buckets.count(); ++i)
    pooled.push_back(state_->encode_images(buckets.batch(i), {}, false).pooled);
  return {{}, buckets.join(pooled)};
}

}  // namespace welt
