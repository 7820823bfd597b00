// ImageComponent, and welt.image_encoder/1 over it.
#include <welt/abi/image_encoder.h>

#include "body_component.h"

namespace welt::sdk {
inline namespace v0_1 {
namespace {

std::string extent_text(std::int64_t height, std::int64_t width) {
  return std::to_string(height) + "x" + std::to_string(width);
}

// One image's size; `where` says which image is meant.
void check_size(const nn::ImageFacts& facts, std::int64_t height, std::int64_t width, const std::string& where) {
  const std::int64_t least_height = std::max(facts.minimum.height, facts.patch.height);
  const std::int64_t least_width = std::max(facts.minimum.width, facts.patch.width);
  if (height < least_height || width < least_width) {
    throw invalid(where + " " + extent_text(height, width) + " pixels (height x width); expected at least " +
                      extent_text(least_height, least_width),
                  "pixels");
  }
  if (height % facts.patch.height != 0 || width % facts.patch.width != 0) {
    throw invalid(where + " " + extent_text(height, width) + " pixels (height x width); expected multiples of " +
                      extent_text(facts.patch.height, facts.patch.width) + ", the patch",
                  "pixels");
  }
}

void check_pixels(const nn::ImageFacts& facts, const at::Tensor& pixels) {
  if (!pixels.defined()) throw invalid("pixels is null", "pixels");
  if (!pixels.is_floating_point() || pixels.dim() != 4) {
    throw invalid("pixels have dtype " + std::string(at::toString(pixels.scalar_type())) + " and " +
                      std::to_string(pixels.dim()) + " dimensions; expected floating-point [N, C, H, W]",
                  "pixels");
  }
  if (pixels.size(1) != facts.channels) {
    throw invalid(
        "pixels have " + std::to_string(pixels.size(1)) + " channels; the model has " + std::to_string(facts.channels),
        "pixels");
  }
}

void check_sizes(const nn::ImageFacts& facts, const at::Tensor& pixels, const at::Tensor& sizes) {
  const std::int64_t n = pixels.size(0), height = pixels.size(2), width = pixels.size(3);
  if (!sizes.defined()) return check_size(facts, height, width, "the images are");
  if (!facts.ragged) throw invalid("sizes were given; this encoder takes images of one size at a time", "sizes");
  if (sizes.scalar_type() != at::kLong || sizes.sizes() != at::IntArrayRef({n, 2}) || !sizes.device().is_cpu()) {
    throw invalid("sizes must be I64 [" + std::to_string(n) + ", 2] on the CPU: height and width of each image",
                  "sizes");
  }
  const at::Tensor rows = sizes.contiguous();
  const auto* size = rows.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i, size += 2) {
    check_size(facts, size[0], size[1], "image " + std::to_string(i) + " is");
    if (size[0] > height || size[1] > width) {
      throw invalid("image " + std::to_string(i) + " is " + extent_text(size[0], size[1]) +
                        " pixels (height x width), but only " + extent_text(height, width) + " were handed over",
                    "sizes");
    }
  }
}

}  // namespace

ImageComponent::ImageComponent(std::unique_ptr<nn::ImageModel> model, const Descriptor& descriptor)
    : BodyComponent(std::move(model), descriptor.roles),
      model_(static_cast<nn::ImageModel&>(body())),
      facts_(model_.facts()) {}

nn::ImageOutput ImageComponent::run(const at::Tensor& pixels, const at::Tensor& sizes, bool want_hidden) const {
  const bool shapes_only = pixels.defined() && pixels.is_meta();
  if (!shapes_only) require_bound();
  check_pixels(facts_, pixels);
  check_sizes(facts_, pixels, sizes);
  const auto real = std::ranges::find_if(slots(), [](const auto& slot) { return slot.tensor->is_floating_point(); });
  const at::ScalarType type = real == slots().end() ? pixels.scalar_type() : real->tensor->scalar_type();
  return model_.forward({.pixels = pixels.to(type), .sizes = sizes, .want_hidden = want_hidden, .trace = trace()});
}

namespace detail {
namespace {

welt_status describe(const welt_component* component, welt_image_encoder_info* out, welt_error* error) {
  return torch_fence(error, "image_encoder", [&] {
    const nn::ImageFacts& facts = image_of(component).facts();
    welt_image_encoder_info info{};
    info.base_prefix = to_abi(facts.base_prefix);
    info.width = facts.width;
    info.channels = facts.channels;
    info.patch_height = facts.patch.height;
    info.patch_width = facts.patch.width;
    info.minimum_height = facts.minimum.height;
    info.minimum_width = facts.minimum.width;
    info.images = facts.ragged ? WELT_IMAGES_RAGGED : WELT_IMAGES_SAME_SHAPE;
    info.has_pooler = facts.has_pooler ? 1 : 0;
    info.initializer_range = facts.initializer_range;
    info.scale = facts.scale;
    std::ranges::copy(facts.mean, info.mean);
    std::ranges::copy(facts.deviation, info.deviation);
    write_struct(info, out);
  });
}

welt_status encode(welt_component* component, const welt_tensor* pixels, const welt_tensor* sizes, welt_tensor** hidden,
                   welt_tensor** pooled, welt_error* error) {
  return torch_fence(error, "encode", [&] {
    if (pooled == nullptr) throw invalid("there is no place for the pooled vectors");
    nn::ImageOutput out =
        image_of(component).run(value_or_none(pixels), value_or_none(sizes), /*want_hidden=*/hidden != nullptr);
    std::unique_ptr<welt_tensor> box(give(std::move(out.pooled)));
    if (hidden != nullptr) *hidden = out.hidden.defined() ? give(std::move(out.hidden)) : nullptr;
    *pooled = box.release();
  });
}

constexpr welt_image_encoder_v1 image_table = {
    .struct_size = sizeof(image_table), .describe = describe, .encode = encode};

}  // namespace
}  // namespace detail

const void* ImageComponent::get_interface(std::string_view id) const {
  if (id == WELT_IMAGE_ENCODER_INTERFACE) return has_role(id) ? &detail::image_table : nullptr;
  return detail::state_table(id);
}

}  // namespace v0_1
}  // namespace welt::sdk
