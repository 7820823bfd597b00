// Conformance group "device": what a component makes and looks at lies where its input lies.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <welt/abi/plugin.h>

#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/meta_kernels.h"
#include "core/conformance/tensor/specimen.h"

namespace welt::conformance {
namespace {

// Shapes without values: whoever asks for a value, or makes a tensor elsewhere, is found without a second device.
void meta(Specimen& made) {
  const MetaKernels kernels;
  Specimen s(made.trial(), made.type(), made.role(), WELT_INIT_NONE);
  const at::AutoGradMode on(true);
  const auto there = [](const at::Tensor& x) { return x.to(at::kMeta).requires_grad_(x.is_floating_point()); };
  const auto both_ways = [&](const at::Tensor& input, const at::Tensor& result) {
    s.trial().expect(result.is_meta(), {.seen = "a result on " + result.device().str(),
                                        .expected = "one on the device of the input",
                                        .rule = "rows.h, image_encoder.h: tensors of a call lie on one device"});
    s.must("backward()", [&] {
      try {
        result.sum().backward();
      } catch (const c10::Error& error) {
        throw Error(error.what_without_backtrace());
      }
    });
    s.trial().expect(input.grad().defined(), {.seen = "no gradient of the input",
                                              .expected = "one, on the device of the input",
                                              .rule = "rows.h, image_encoder.h: tensors of a call lie on one device"});
  };
  if (s.is_image()) {
    const at::Tensor pixels = there(s.images(2));
    return both_ways(pixels, s.encode(pixels).pooled);
  }
  const std::int64_t length = s.limited(5);
  const at::Tensor rows = there(s.rows(2, length)), valid = at::ones({2, length}, at::kBool).to(at::kMeta);
  const at::Tensor places = at::arange(length).expand({2, length}).contiguous().to(at::kMeta);
  both_ways(rows, s.run(rows, {.key_valid = valid}, places));
  if ((s.type().flags & WELT_COMPONENT_PACKED) == 0) return;
  const at::Tensor tokens = there(s.rows(1, s.limited(3))[0]);
  at::Tensor offsets = at::zeros({3}, at::kLong);  // row offsets stay on the CPU
  offsets[1] = tokens.size(0) > 1 ? 2 : 1, offsets[2] = tokens.size(0);
  both_ways(tokens, s.run(RowsView{tokens, offsets}));
}

}  // namespace

void add_device_tests(TestList& tests) {
  tests.push_back(specimen_test<meta, tensor_roles>(
      "device.meta", "Forward and backward run on the meta device: nothing asks for a value or another device.",
      "encoders, latent transformers, decoders, image encoders", {"numerics.deterministic", "autograd.graph"}));
}

}  // namespace welt::conformance
