// Conformance group "precision": the two ways in which a run computes with bfloat16, autocast (`precision = "amp"`) and
// weights of that dtype ("bf16").
#include <ATen/core/grad_mode.h>
#include <welt/abi/device.h>

#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"
#include "core/tensor/autocast.h"

namespace welt::conformance {
namespace {

// How far a result in bfloat16 may be from the one in float32, of the values' size. It has 8 bits: what is further away
// has not been computed from the same numbers.
constexpr double most_apart = 0.25;

void expect_near(Specimen& s, const at::Tensor& seen, const at::Tensor& exact, std::string_view when) {
  s.expect_finite(seen, fmt::format("the result {}", when));
  const at::NoGradGuard no_grad;
  const double most = most_apart * exact.abs().max().item<double>();
  const at::Tensor gaps = (seen.to(at::kFloat) - exact).abs();
  const auto apart = gaps.max().item<double>();
  s.blame(gaps.gt(most));
  s.trial().expect(apart <= most, {.seen = fmt::format("values {}, {:.2g} apart from those in float32", when, apart),
                                   .expected = fmt::format("at most {:.2g}", most),
                                   .rule = "docs/abi-policy.md: a reduced precision rounds, and changes nothing else"});
}

void expect_gradient(Specimen& s, const at::Tensor& input, const at::Tensor& result, std::string_view when) {
  s.must("backward()", [&] { result.to(at::kFloat).square().sum().backward(); });
  s.trial().expect(input.grad().defined(), {.seen = fmt::format("no gradient of the input {}", when),
                                            .expected = "one",
                                            .rule = "docs/abi-policy.md: the graph crosses the border"});
  s.expect_finite(input.grad(), fmt::format("the gradient of the input {}", when));
}

void autocast(Specimen& made) {
  Specimen s(made.trial(), made.type(), made.role(), WELT_INIT_RANDOM);
  const at::Tensor values = s.input(), exact = s.everything(values);
  const at::AutoGradMode on(true);
  const at::Tensor input = values.clone().requires_grad_(true);
  at::Tensor result;
  {
    const AutocastRegion region(true, at::kCPU);
    result = s.everything(input);
  }
  s.expect_type(at::kFloat, "under autocast", at::kBFloat16);  // products are of that dtype
  expect_near(s, result, exact, "under autocast");
  expect_gradient(s, input, result, "under autocast");
}

void bfloat16(Specimen& made) {
  Specimen s(made.trial(), made.type(), made.role(), WELT_INIT_RANDOM);
  if (!s.offers(WELT_DEVICE_INTERFACE)) s.trial().skip("it does not convert itself (" WELT_DEVICE_INTERFACE ")");
  const at::Tensor values = s.input(), exact = s.everything(values);
  s.must("to()", [&] {
    try {
      s.component().to(at::kCPU, at::kBFloat16);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unimplemented) throw;
      s.trial().skip("it does not convert itself to bfloat16");
    }
  });
  const at::AutoGradMode on(true);
  const at::Tensor input = values.to(at::kBFloat16).requires_grad_(true);
  const at::Tensor result = s.everything(input);
  s.expect_type(at::kBFloat16, "in bfloat16");
  expect_near(s, result, exact, "in bfloat16");
  expect_gradient(s, input, result, "in bfloat16");
}

}  // namespace

void add_precision_tests(TestList& tests) {
  const std::string all = "encoders, latent transformers, decoders, image encoders";
  const std::vector<std::string> base = {"numerics.deterministic", "autograd.graph"};
  tests.push_back(specimen_test<bfloat16, tensor_roles>(
      "precision.bfloat16", "Weights and input in bfloat16 give a result of that dtype, near the one in float32.", all,
      base));
  tests.push_back(specimen_test<autocast, tensor_roles>(
      "precision.autocast",
      "Under autocast a result has the dtype of input and weights, or autocast's, and is only rounded.", all, base));
}

}  // namespace welt::conformance
