// Conformance group "mode": training and evaluation, activation checkpointing, traces.
#include <ATen/core/grad_mode.h>
#include <welt/abi/mode.h>
#include <welt/abi/trace.h>

#include <set>

#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"

namespace welt::conformance {
namespace {

void there_and_back(Specimen& s) {
  if (!s.offers(WELT_MODE_INTERFACE)) s.trial().skip("it has no " WELT_MODE_INTERFACE ": both modes are the same");
  const at::Tensor input = s.input(), before = s.everything(input);
  s.must("mode set()", [&] { s.component().set_training(true); });
  s.expect_finite(s.everything(input), "a call in training");
  s.must("mode set()", [&] { s.component().set_training(false); });
  s.expect_same(s.everything(input), before, "evaluation before and after training",
                "mode.h: a component starts in evaluation");
  const auto& table = s.component().component().require<welt_mode_v1>(WELT_MODE_INTERFACE);
  const Call call = s.trial().status_of(
      "mode set()", [&](welt_error* error) { return table.set(s.component().component().raw(), 7, error); });
  s.trial().expect(call.status != WELT_OK, {.seen = "status 0 for mode 7",
                                            .expected = "a refusal",
                                            .rule = "mode.h: WELT_MODE_TRAINING or WELT_MODE_EVALUATION"});
}

void checkpointing(Specimen& s) {
  if (!s.offers(WELT_MODE_INTERFACE)) s.trial().skip("it has no " WELT_MODE_INTERFACE);
  const auto& table = s.component().component().require<welt_mode_v1>(WELT_MODE_INTERFACE);
  if (!WELT_HAS(&table, checkpoint_every) || table.checkpoint_every == nullptr)
    s.trial().skip("it does not do activation checkpointing: checkpoint_every is null");
  welt_component* self = s.component().component().raw();
  const Call call = s.trial().status_of("checkpoint_every()",
                                        [&](welt_error* error) { return table.checkpoint_every(self, 1, error); });
  if (call.status == WELT_UNIMPLEMENTED) s.trial().skip("it does not do activation checkpointing: " + call.message);
  s.trial().succeeded(call);
  const auto gradient = [&](std::int64_t every, const at::Tensor& values) {
    s.trial().must("checkpoint_every()", [&](welt_error* error) { return table.checkpoint_every(self, every, error); });
    s.must("mode set()", [&] { s.component().set_training(true); });
    const at::AutoGradMode on(true);
    const at::Tensor input = values.clone().requires_grad_(true);
    s.everything(input).square().sum().backward();
    return input.grad();
  };
  const at::Tensor input = s.input();
  s.expect_equal(gradient(1, input), gradient(0, input), "gradients with activation checkpointing and without",
                 "mode.h: checkpointing changes no result");
}

void traced(Specimen& s) {
  if (!s.offers(WELT_TRACE_INTERFACE)) s.trial().skip("it has no " WELT_TRACE_INTERFACE);
  const at::Tensor input = s.input(), before = s.everything(input);
  std::vector<std::string> told;
  s.must("trace set()",
         [&] { s.component().set_trace([&](std::string_view name, const at::Tensor&) { told.emplace_back(name); }); });
  s.expect_same(s.everything(input), before, "a call with a trace and without", "trace.h: a trace changes nothing");
  const std::set<std::string> names(told.begin(), told.end());
  s.trial().expect(names.size() == told.size(),
                   {.seen = fmt::format("{} values told under {} names", told.size(), names.size()),
                    .expected = "each once a call",
                    .rule = "trace.h"});
  s.must("trace set()", [&] { s.component().set_trace({}); });
  told.clear();
  s.everything(input);
  s.trial().expect(told.empty(), {.seen = "a value told after the callback was taken away",
                                  .expected = "none",
                                  .rule = "trace.h: nothing is kept without a callback"});
}

}  // namespace

void add_mode_tests(TestList& tests) {
  const std::vector<std::string> base = {"numerics.deterministic"};
  tests.push_back(specimen_test<there_and_back, tensor_roles>("mode.training",
                                                              "Training runs, and evaluation after it is as before.",
                                                              "components with " WELT_MODE_INTERFACE, base));
  tests.push_back(specimen_test<checkpointing, tensor_roles>("mode.checkpointing",
                                                             "Activation checkpointing changes no gradient.",
                                                             "components with checkpoint_every", {"autograd.input"}));
  tests.push_back(specimen_test<traced, tensor_roles>("mode.trace",
                                                      "A trace tells each value once and changes nothing.",
                                                      "components with " WELT_TRACE_INTERFACE, base));
}

}  // namespace welt::conformance
