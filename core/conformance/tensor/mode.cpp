// Conformance group "mode": training and evaluation, activation checkpointing, traces.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <welt/abi/kv_cache.h>
#include <welt/abi/mode.h>
#include <welt/abi/parameters.h>
#include <welt/abi/trace.h>

#include <set>

#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"
#include "core/tensor/offers.h"
#include "core/tensor/random.h"

namespace welt::conformance {
namespace {

// The values of all parameters and buffers, and how often each was written to.
struct State {
  std::vector<at::Tensor> values;
  std::vector<std::int64_t> writes;
};
State state_of(Specimen& s) {
  State result;
  for (const at::Tensor& tensor : s.must("get()", [&] { return s.component().tensors(); })) {
    result.values.push_back(tensor.detach().clone());
    result.writes.push_back(tensor._version());
  }
  return result;
}

// Buffers are the state that training may move: what else a call leaves behind shows when they are put back.
void put_back(Specimen& s, const State& state) {
  const std::vector<at::Tensor> tensors = s.component().tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (s.component().parameters()[i].kind == WELT_BUFFER) tensors[i].copy_(state.values[i]);
}

// A value that is written again is a change too: another thread, or a mapped file, may be reading it.
void expect_unchanged(Specimen& s, const State& state, bool buffers_too, std::string_view when) {
  const std::vector<at::Tensor> tensors = s.component().tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const NamedParameter& one = s.component().parameters()[i];
    if (one.kind == WELT_BUFFER && !buffers_too) continue;
    const bool same = at::equal(tensors[i], state.values[i]);
    s.trial().expect(same && tensors[i]._version() == state.writes[i],
                     {.seen = fmt::format("{} {} {} by {}", one.kind == WELT_BUFFER ? "buffer" : "parameter", one.name,
                                          same ? "written to" : "changed", when),
                      .expected = "buffers that change in training alone, and parameters that no call changes",
                      .rule = "parameters.h: WELT_BUFFER; the host owns optimisation"});
  }
}

void keeps_state(Specimen& s) {
  const at::Tensor input = s.input();
  const State before = state_of(s);
  s.everything(input);
  expect_unchanged(s, before, /*buffers_too=*/true, "a call in evaluation");
  const auto with_graph = [&](bool buffers_too, std::string_view when) {
    const at::AutoGradMode on(true);
    const at::Tensor result = s.everything(input);
    expect_unchanged(s, before, buffers_too, when);
    s.must("backward()", [&] { result.square().sum().backward(); });
    s.trial().enter(s.parts().front().function);
    expect_unchanged(s, before, buffers_too, std::string(when) + " and its backward");
  };
  with_graph(/*buffers_too=*/true, "a call in evaluation, with gradients on");
  if (s.offers(WELT_KV_CACHE_INTERFACE) && has_cache(s.component())) {
    Cache cache = s.cache(input.size(0), input.size(1));
    s.run(input, {}, {}, &cache);
    expect_unchanged(s, before, /*buffers_too=*/true, "a call with a cache");
  }
  if (!s.offers(WELT_MODE_INTERFACE)) return;
  s.must("mode set()", [&] { s.component().set_training(true); });
  with_graph(/*buffers_too=*/false, "a call in training");
}

void there_and_back(Specimen& s) {
  if (!s.offers(WELT_MODE_INTERFACE)) s.trial().skip("it has no " WELT_MODE_INTERFACE ": both modes are the same");
  const at::Tensor input = s.input(), before = s.everything(input);
  const State state = state_of(s);
  s.must("mode set()", [&] { s.component().set_training(true); });
  s.expect_finite(s.everything(input), "a call in training");
  s.must("mode set()", [&] { s.component().set_training(false); });
  put_back(s, state);
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
    seed_default_generator(s.trial().seed(), RandomPurpose::micro_step);  // dropout is the same in all runs
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
  tests.push_back(specimen_test<there_and_back, tensor_roles>(
      "mode.training", "Training runs, and evaluation after it is as before, but for buffers.",
      "components with " WELT_MODE_INTERFACE, base));
  tests.push_back(specimen_test<keeps_state, tensor_roles>(
      "mode.state", "No call changes a parameter, and only training changes buffers.",
      "components with " WELT_PARAMETERS_INTERFACE, {"numerics.deterministic", "autograd.graph", "cache.steps"}));
  tests.push_back(specimen_test<traced, tensor_roles>("mode.trace",
                                                      "A trace tells each value once and changes nothing.",
                                                      "components with " WELT_TRACE_INTERFACE, base));
}

void add_checkpointing_test(TestList& tests) {
  tests.push_back(specimen_test<checkpointing, tensor_roles>(
      "mode.checkpointing", "Activation checkpointing changes no gradient.", "components with checkpoint_every",
      {"autograd.input", "parameters.trained", "training.repeats", "training.resumes"}));
}

}  // namespace welt::conformance
