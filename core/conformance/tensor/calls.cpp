// Conformance group "calls": a call keeps no handle, leaves the thread as it was, and refuses what cannot be.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <malloc.h>
#include <welt/abi/mode.h>
#include <welt/abi/tensor.h>

#include <cfenv>
#include <limits>
#include <optional>
#include <thread>

#include "core/conformance/process_state.h"
#include "core/conformance/statics.h"
#include "core/conformance/tensor/groups.h"
#include "core/conformance/tensor/specimen.h"
#include "core/conformance/thread_refusal.h"

namespace welt::conformance {
namespace {

// How many hold a tensor, and how many its memory: whoever keeps a part of it, or it without its graph, holds that. A
// tensor that is a view of another keeps that one by itself, which is no owner more.
struct Owners {
  std::size_t handles = 0, memory = 0;
  explicit Owners(const at::Tensor& tensor) : handles(tensor.use_count()), memory(tensor.storage().use_count()) {
    if (!tensor.is_view()) return;
    handles += tensor._base().use_count() - 1;
    memory -= 1;
  }
};

void expect_owners(Specimen& s, const at::Tensor& tensor, const Owners& before, const std::string& what) {
  const Owners now(tensor);
  s.trial().expect(
      now.handles == before.handles && now.memory == before.memory,
      {.seen = fmt::format("{} owners of {}, and {} of its memory, after the call", now.handles, what, now.memory),
       .expected =
           fmt::format("{} and {}: what a call was lent or gives away it does not keep", before.handles, before.memory),
       .rule = "base.h: WELT_BORROW is for the call, WELT_GIVE is the caller's alone"});
}

void handles(Specimen& s) {
  const auto call = [&](const at::Tensor& input, const at::Tensor& valid) {
    return s.is_image() ? s.encode(input).pooled : s.run(input, {.key_valid = valid});
  };
  const auto judge = [&](const std::string& when) {
    const at::Tensor input = s.input();
    const at::Tensor valid = s.is_image() ? at::Tensor() : at::ones({input.size(0), input.size(1)}, at::kBool);
    const Owners input_owners(input);
    std::optional<Owners> valid_owners;
    if (valid.defined()) valid_owners.emplace(valid);
    {
      const at::Tensor result = call(input, valid);
      // A graph keeps what its backward reads. Without one, nobody but the caller holds what it was given.
      if (!result.requires_grad()) expect_owners(s, result, Owners(result.clone()), "the result " + when);
    }
    expect_owners(s, input, input_owners, "the input " + when);
    if (valid_owners) expect_owners(s, valid, *valid_owners, "key_valid " + when);
  };
  judge("in evaluation");
  {
    const at::AutoGradMode on(true);
    judge("with gradients on");
  }
  if (s.offers(WELT_MODE_INTERFACE)) {
    s.must("mode set()", [&] { s.component().set_training(true); });
    judge("in training");
    s.must("mode set()", [&] { s.component().set_training(false); });
  }
  const std::vector<at::Tensor> parameters = s.component().tensors();
  std::vector<Owners> owners(parameters.begin(), parameters.end());
  s.component().tensors();
  s.trial().enter("get()");
  for (std::size_t i = 0; i < parameters.size(); ++i)
    expect_owners(s, parameters[i], owners[i], s.component().parameters()[i].name);
}

void memory(Specimen& s) {
  constexpr int rounds = 50;
  constexpr std::size_t allowance = 64 << 10;
  const at::Tensor input = s.input();
  for (int i = 0; i < rounds; ++i) s.everything(input);
  const auto held = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const std::size_t before = held();
  for (int i = 0; i < rounds; ++i) s.everything(input);
  const std::size_t after = held(), grown = after > before ? after - before : 0;
  s.trial().expect(grown <= allowance, {.seen = fmt::format("{} bytes more after {} equal calls", grown, rounds),
                                        .expected = fmt::format("at most {}", allowance),
                                        .rule = "docs/abi-policy.md: nothing leaks"});
}

// 2, which the compiler does not compute with in advance.
float volatile_two() {
  volatile float two = 2;
  return two;
}

// All of a thread's state that a plugin could change for others.
struct ThreadState {
  int threads = at::get_num_threads();
  bool grad = at::GradMode::is_enabled();
  bool autocast = at::autocast::is_autocast_enabled(at::kCPU);
  bool deterministic = at::globalContext().deterministicAlgorithms();
  bool denormals_vanish = std::numeric_limits<float>::min() / volatile_two() == 0;
  int rounding = std::fegetround();
  at::ScalarType type = c10::typeMetaToScalarType(c10::get_default_dtype());
  at::Tensor random = at::detail::getDefaultCPUGenerator().get_state();
};

void state(Specimen& s) {
  const at::Tensor input = s.input();
  const ThreadState before;
  s.everything(input);
  const ThreadState after;
  const auto expect = [&](bool good, std::string_view what) {
    s.trial().expect(good, {.seen = fmt::format("another {} after the call", what),
                            .expected = "the thread as it was",
                            .rule = "docs/abi-policy.md: a plugin changes no thread-wide state"});
  };
  expect(after.threads == before.threads, "number of threads (at::set_num_threads)");
  expect(after.grad == before.grad, "grad mode");
  expect(after.autocast == before.autocast, "autocast");
  expect(after.deterministic == before.deterministic, "choice of deterministic algorithms");
  expect(after.denormals_vanish == before.denormals_vanish, "handling of denormal numbers");
  expect(after.rounding == before.rounding, "rounding mode");
  expect(after.type == before.type, "default dtype");
  expect(at::equal(after.random, before.random), "state of the default random generator, in evaluation");
}

void work(Specimen& s, const at::Tensor& input) {
  const at::AutoGradMode on(true);
  const at::Tensor result = s.everything(input);
  s.must("backward()", [&] { result.square().sum().backward(); });
  s.trial().enter(s.parts().front().function);
}

// Behind a first call, after which LibTorch has whatever threads it wants, every further one is refused, so that one
// that has ended again is found too.
void threads(Specimen& s) {
  const at::Tensor input = s.input();
  std::size_t before = 0, after = 0;
  const auto call = [&] { work(s, input); };
  const std::size_t refused = threads_refused(
      [&] {
        call();
        before = threads_of_process();
      },
      [&] {
        call();
        after = threads_of_process();
      });
  const std::string expected = "none: a plugin starts no thread",
                    rule = "docs/abi-policy.md: a plugin starts no thread, not even one that ends with the call";
  s.trial().expect(refused == 0, {"a thread that it starts", expected, rule});
  s.trial().expect(after <= before, {fmt::format("{} threads instead of {}", after, before), expected, rule});
}

// What the first calls of each mode make once and for all is let pass.
void statics(Specimen& s) {
  const auto in_both_modes = [&](const auto& call) {
    for (const bool training : {false, true}) {
      if (s.offers(WELT_MODE_INTERFACE)) s.must("mode set()", [&] { s.component().set_training(training); });
      call();
    }
  };
  in_both_modes([&] {
    for (int i = 0; i < 2; ++i) work(s, s.input());
  });
  const Statics before(s.trial().subject().file);
  in_both_modes([&] {
    work(s, s.input());
    const std::string changed = before.changed();
    s.trial().expect(changed.empty(), {changed + " changed", "variables that a component or a call owns",
                                       "docs/abi-policy.md: a plugin keeps no state of its own beside its components"});
  });
}

void refuses_rows(Specimen& s) {
  const std::int64_t width = s.component().vocabulary().width;
  const at::Tensor good = s.input(), before = s.run(good);
  const auto refused = [&](std::string_view what, const RowsView& rows, const AttentionView& attention) {
    AttentionView view = attention;
    view.kind = s.kind();
    const bool encoder = s.role() == row_roles().front();
    s.refusal(encoder ? "encode()" : "forward()", what, [&] {
      if (encoder)
        s.component().encode(rows, view);
      else
        s.component().forward(rows, view);
    });
    s.expect_same(s.run(good), before, "a good call before and after a refused one",
                  "docs/abi-policy.md: the instance stays usable");
  };
  refused("embeds are a number wider than E", {s.random({2, 3, width + 1}), {}}, {});
  refused("embeds have one dimension", {s.random({width}), {}}, {});
  refused("embeds are whole numbers", {at::ones({2, 3, width}, at::kLong), {}}, {});
  refused("key_valid is of another length", {s.rows(2, 3), {}}, {.key_valid = at::ones({2, 5}, at::kBool)});
  if (const std::int64_t most = s.component().max_positions(); most > 0 && most <= 4096)
    refused("a row is longer than max_positions", {s.rows(1, most + 1), {}}, {});
}

void instances(Specimen& s) {
  Specimen other(s.trial(), s.type(), s.role());
  const at::Tensor input = s.input(), expected = s.everything(input);
  s.trial().enter("two instances on two threads");
  at::Tensor there;
  std::string thrown;
  std::thread second([&] {
    try {
      const at::NoGradGuard no_grad;
      for (int i = 0; i < 4; ++i) there = other.everything(input);
    } catch (const Failed& failed) {
      thrown = failed.message;
    }
  });
  at::Tensor here;
  for (int i = 0; i < 4; ++i) here = s.everything(input);
  second.join();
  s.trial().expect(
      thrown.empty(),
      {.seen = thrown, .expected = "the call to succeed", .rule = "docs/abi-policy.md: instances are independent"});
  s.expect_same(here, expected, "an instance alone and beside another",
                "docs/abi-policy.md: instances are independent");
  s.expect_same(there, expected, "an instance and its twin on another thread",
                "docs/abi-policy.md: instances are independent");
}

}  // namespace

void add_call_tests(TestList& tests) {
  const std::string rows = "encoders, latent transformers, decoders", all = rows + ", image encoders";
  const std::vector<std::string> base = {"numerics.deterministic"};
  tests.push_back(specimen_test<handles, tensor_roles>(
      "calls.handles", "A call keeps no handle of what it was lent or gave away.", all, base));
  tests.push_back(specimen_test<memory, tensor_roles>("calls.memory", "Equal calls hold no more memory.", all,
                                                      {"numerics.deterministic", "calls.handles"}));
  tests.push_back(specimen_test<state, tensor_roles>(
      "calls.state", "Threads, grad mode, autocast, dtype and random generator are as before.", all, base));
  tests.push_back(specimen_test<refuses_rows, row_roles>(
      "calls.refusals", "Rows and masks that cannot be are refused, and the next call is as before.", rows, base));
  tests.push_back(specimen_test<threads, tensor_roles>("calls.threads",
                                                       "No call starts a thread, not even one that ends with it.", all,
                                                       {"autograd.graph", "calls.state"}));
  tests.push_back(specimen_test<instances, tensor_roles>(
      "calls.instances", "Two instances on two threads do not disturb each other.", all, {"parameters.seeded"}));
  tests.push_back(specimen_test<statics, tensor_roles>(
      "calls.statics", "No call changes a static variable.", all,
      {"autograd.reaches", "parameters.seeded", "parameters.trained", "mode.state", "mode.training", "training.repeats",
       "training.resumes", "calls.instances", "calls.state", "calls.memory"}));
}

}  // namespace welt::conformance
