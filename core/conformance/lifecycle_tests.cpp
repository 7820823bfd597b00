// Group `lifecycle`: components come and go, and leave nothing behind.
#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <thread>

#include "core/base/error.h"
#include "core/conformance/entry.h"
#include "core/conformance/exercise.h"
#include "core/conformance/groups.h"
#include "core/conformance/made.h"
#include "core/conformance/process_state.h"
#include "core/plugin/judge.h"

namespace welt::conformance {
namespace {

using Clock = std::chrono::steady_clock;

void repeats(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    std::optional<std::string> first;
    for (int i = 0; i < 3; ++i) {
      Made component(trial, type);
      const std::string result = exercise(trial, component);
      component.destroy();
      if (!first) first = result;
      trial.expect(result == *first, {result + " of a later instance", *first, "plugin.h: create makes a component"});
    }
  });
}

void independent(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    std::optional<Made> first(std::in_place, trial, type), second(std::in_place, trial, type);
    const std::string result = exercise(trial, *first);
    const auto same = [&](const Made& component, const char* when) {
      const std::string now = exercise(trial, component);
      trial.expect(now == result, {fmt::format("{} {}", now, when), result, "plugin.h: destroy ends the component"});
    };
    same(*second, "of a second instance beside the first");
    first.reset();
    same(*second, "of the second instance when the first is destroyed");
    first.emplace(trial, type);
    second.reset();
    same(*first, "of the first instance when the second is destroyed");
  });
}

// Runs `body` on a thread of its own; what it throws comes here.
void on_thread(const std::function<void()>& body) {
  std::exception_ptr failure;
  std::thread([&] {
    try {
      body();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

void other_thread(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    Made component(trial, type);
    exercise(trial, component);
    on_thread([&] { component.destroy(); });
  });
}

// How many times a body can be run within a share of the time limit, at least `least`.
int rounds_for(const std::function<void()>& body, int least, int most) {
  constexpr double share = 0.15;  // seconds
  const auto start = Clock::now();
  body();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return std::clamp(static_cast<int>(share / std::max(seconds, 1e-6)), least, most);
}

// Bytes that each run of `body` leaves, once caches are full: the least of two rows of runs; 0: none. A row has a
// thread of its own, because malloc keeps what a thread gave back, as if it were in use, until the thread ends.
double bytes_left(const std::function<void()>& body) {
  const int rounds = rounds_for(body, 4, 100);
  const auto row = [&] {
    for (int i = 0; i < rounds; ++i) body();
  };
  on_thread(row);
  double least = 1e18;
  for (int i = 0; i < 2; ++i) {
    const std::size_t before = bytes_in_use();
    on_thread(row);
    const std::size_t after = bytes_in_use();
    least = std::min(least, after > before ? static_cast<double>(after - before) / rounds : 0.0);
  }
  return least;
}

void expect_nothing_left(const Trial& trial, const std::function<void()>& body, const char* what) {
  constexpr double tolerance = 16;  // bytes a run: half of the least that malloc gives
  if ((this_host().sanitizers & WELT_SANITIZER_ADDRESS) != 0)
    trial.skip("memory is the sanitizer's here, which finds leaks itself");
  const double left = bytes_left(body);
  trial.expect(left < tolerance, {fmt::format("{:.0f} bytes more in use after each {}", left, what), "none",
                                  "docs/abi-policy.md: WELT_GIVE: the receiver releases it"});
}

void memory(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    expect_nothing_left(
        trial,
        [&] {
          Made component(trial, type);
          exercise(trial, component);
          component.destroy();
        },
        "create() and destroy()");
  });
}

// A view of a configuration whose get() says "absent" at one of its calls.
class FaultyView {
 public:
  explicit FaultyView(const welt_config* usual) : usual_(usual) { table_ = {sizeof table_, 0, this, get, count, key}; }
  const welt_config* failing_at(int call) {
    calls_ = 0, fault_ = call;
    return &table_;
  }
  int calls() const { return calls_; }

 private:
  static FaultyView& of(const welt_config* view) { return *static_cast<FaultyView*>(view->self); }
  static std::uint32_t get(const welt_config* view, welt_string key, welt_value* out) {
    FaultyView& self = of(view);
    return ++self.calls_ == self.fault_ ? 0 : self.usual_->get(self.usual_, key, out);
  }
  static std::uint64_t count(const welt_config* view) { return of(view).usual_->count(of(view).usual_); }
  static welt_string key(const welt_config* view, std::uint64_t index) {
    return of(view).usual_->key(of(view).usual_, index);
  }

  const welt_config* usual_;
  welt_config table_{};
  int calls_ = 0, fault_ = 0;
};

// Whether create() fails with the fault, as it may where a key is absent: then with a message and *out untouched.
bool fails_with_fault(Trial& trial, const ComponentType& type, const welt_config* view) {
  welt_component* component = nullptr;
  const Call call = create(trial, type, view, cheap_init(type), host(), &component);
  if (call.status == WELT_OK) {
    trial.call("destroy()", [&] { component->destroy(component); });
    return false;
  }
  trial.expect(!call.message.empty(), {status_text(call.status) + " with no message", "a message that says why",
                                       "error.h: the callee fills it before it returns"});
  trial.expect(component == nullptr, {"*out changed", "*out untouched", "plugin.h: on failure *out is untouched"});
  return true;
}

// The calls of get() whose fault makes create() fail; all are tried, in a share of the time limit.
std::vector<int> failing_faults(Trial& trial, const ComponentType& type, FaultyView& view) {
  constexpr int most = 60;
  constexpr double share = 2;  // seconds
  const auto start = Clock::now();
  fails_with_fault(trial, type, view.failing_at(0));
  const int calls = std::min(view.calls(), most);
  std::vector<int> failing;
  for (int fault = 1; fault <= calls && Clock::now() - start < std::chrono::duration<double>(share); ++fault) {
    trial.about(type, fmt::format(", config get() number {} absent", fault));
    if (fails_with_fault(trial, type, view.failing_at(fault))) failing.push_back(fault);
  }
  return failing;
}

void faults(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    const ConfigView config(type, config_for(trial, type), false, "welt plugin check");
    FaultyView view(config.view());
    failing_faults(trial, type, view);
  });
}

void fault_memory(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    const ConfigView config(type, config_for(trial, type), false, "welt plugin check");
    FaultyView view(config.view());
    const std::vector<int> failing = failing_faults(trial, type, view);
    trial.about(type);
    expect_nothing_left(
        trial,
        [&] {
          for (const int fault : failing) fails_with_fault(trial, type, view.failing_at(fault));
          welt_component* none = nullptr;  // an init that does not exist fails whatever the configuration
          create(trial, type, config.view(), 77, host(), &none);
        },
        "create() that fails");
  });
}

const void* no_service(const welt_host*, welt_string) { return nullptr; }

void no_services(Trial& trial) {
  const OtherHost poor;
  poor->get_service = no_service;
  for_each_component(trial, [&](const ComponentType& type) {
    trial.about(type, ", a host without services");
    const ConfigView config(type, config_for(trial, type), false, "welt plugin check");
    welt_component* component = nullptr;
    for (const std::uint32_t init : {cheap_init(type), std::uint32_t{77}}) {
      const Call call = create(trial, type, config.view(), init, *poor.get(), &component);
      if (call.status == WELT_OK && component != nullptr)
        trial.call("destroy()", [&] { component->destroy(component); });
      component = nullptr;
    }
  });
}

}  // namespace

void add_lifecycle_tests(TestList& tests) {
  const auto add = [&](const char* what, const char* sentence, std::vector<std::string> needs, void (*body)(Trial&)) {
    // A plugin that fails in its role would fail here for the same reason.
    needs.insert(needs.end(), {gate, made, "config.roles", "segmenter.concatenation", "segmenter.deterministic",
                               "renderer.draws", "renderer.repeatable"});
    tests.push_back({.name = std::string("lifecycle.") + what,
                     .description = sentence,
                     .applies = "every component",
                     .needs = std::move(needs),
                     .body = body});
  };
  add("repeats", "Components can be made again and again, and do the same.", {}, repeats);
  add("independent", "Two instances live beside each other, and one outlives the other.", {"lifecycle.repeats"},
      independent);
  add("other_thread", "A component is destroyed on another thread than it was made on.", {"lifecycle.repeats"},
      other_thread);
  add("memory", "Making, using and destroying a component leaves no memory in use.", {"lifecycle.repeats"}, memory);
  add("faults", "create() with a key missing at any of its look-ups makes a component or a message.", {}, faults);
  add("fault_memory", "A create() that fails leaves no memory in use.", {"lifecycle.faults", "lifecycle.memory"},
      fault_memory);
  add("no_services", "create() on a host without services makes a component or a status.", {}, no_services);
}

}  // namespace welt::conformance
