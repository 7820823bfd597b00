// Conformance group "image": what an image encoder says of itself, and images of several sizes in one call.
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/tensor.h>
#include <welt/abi/image_encoder.h>

#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"

namespace welt::conformance {
namespace {

const std::vector<std::string>& image_roles() {
  static const std::vector<std::string> roles = {WELT_IMAGE_ENCODER_INTERFACE};
  return roles;
}

void widths(Specimen& s) {
  for (const std::int64_t wide : {1, 2, 5})
    s.expect_finite(s.encode(s.images(2, 1, wide), {}, true).pooled, fmt::format("images {} patches wide", wide));
}

void ragged(Specimen& s) {
  const at::Tensor small = s.images(1, 1, 1), large = s.images(1, 1, 3);
  const std::int64_t height = small.size(2), missing = large.size(3) - small.size(3);
  const at::Tensor sizes = at::tensor({height, small.size(3), height, large.size(3)}, at::kLong).view({2, 2});
  const at::Tensor expected = at::cat({s.encode(small).pooled, s.encode(large).pooled});
  for (const double fill : {0.0, 1e3}) {
    const at::Tensor both = at::cat({at::constant_pad_nd(small, {0, missing}, fill), large});
    s.expect_equal(s.encode(both, sizes).pooled, expected, "images of two sizes in one call and each alone",
                   "image_encoder.h: padding never changes a result");
  }
}

void multiples(Specimen& s) {
  const ImageEncoderInfo& facts = s.component().image_encoder_info();
  if (facts.patch_width == 1) s.trial().skip("any width is a multiple of its patch");
  const at::Tensor whole = s.images(1, 1, 2);
  s.refusal("encode()", "the width is no multiple of patch_width",
            [&] { s.component().encode_images(whole.narrow(3, 0, whole.size(3) - 1)); });
  s.expect_finite(s.encode(whole).pooled, "the next good call");
}

void channels(Specimen& s) {
  const at::Tensor images = s.images(1);
  s.refusal("encode()", "there is a channel too many", [&] {
    s.component().encode_images(at::cat({images, images.narrow(1, 0, 1)}, 1));
  });
  s.expect_finite(s.encode(images).pooled, "the next good call");
}

}  // namespace

void add_image_tests(TestList& tests) {
  const std::vector<std::string> same = {"numerics.deterministic"};
  tests.push_back(specimen_test<widths, image_roles>(
      "image.widths", "Images of every width of whole patches are taken.", "image encoders", same));
  tests.push_back(specimen_test<ragged, image_roles>(
      "image.ragged", "Images of several sizes give what each gives alone, whatever fills the padding.",
      "image encoders", same));
  tests.push_back(specimen_test<multiples, image_roles>(
      "image.multiples", "An image that is not of whole patches is refused.", "image encoders", same));
  tests.push_back(specimen_test<channels, image_roles>(
      "image.channels", "An image with another number of channels is refused.", "image encoders", same));
}

}  // namespace welt::conformance
