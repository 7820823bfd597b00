// Group `errors`: what cannot be done is a status with a message, and changes nothing.
#include <welt/abi/renderer.h>
#include <welt/abi/segmenter.h>

#include "core/base/error.h"
#include "core/conformance/exercise.h"
#include "core/conformance/groups.h"
#include "core/conformance/made.h"
#include "core/conformance/segmenter_probe.h"
#include "core/conformance/texts.h"
#include "core/plugin/strings.h"

namespace welt::conformance {
namespace {

constexpr const char* has_message = "error.h: a non-zero status with an empty message is a conformance failure";

struct BadCreate {
  std::string what;
  std::uint64_t index;
  std::uint32_t init;
};
std::vector<BadCreate> bad_creates(const ComponentType& type) {
  return {{"a component number behind the last", type.factory->count(), cheap_init(type)},
          {"a component number that is none", ~std::uint64_t{0}, cheap_init(type)},
          {"an init of 0", type.index, 0},
          {"an init of 77", type.index, 77}};
}

void create_refuses(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    const ConfigView config(type, config_for(trial, type), false, "welt plugin check");
    for (const BadCreate& bad : bad_creates(type)) {
      welt_component* component = nullptr;
      const Call call = trial.status_of("create() with " + bad.what, [&](welt_error* error) {
        return type.factory->create(bad.index, config.view(), bad.init, &host(), &component, error);
      });
      trial.expect(call.status != WELT_OK, {"status 0", "a refusal", "plugin.h: create(): index and init"});
      trial.expect(component == nullptr, {"*out changed", "*out untouched", "plugin.h: on failure *out is untouched"});
    }
  });
}

void message(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    const ConfigView config(type, config_for(trial, type), false, "welt plugin check");
    for (const BadCreate& bad : bad_creates(type)) {
      welt_component* component = nullptr;
      const Call call = trial.status_of("create() with " + bad.what, [&](welt_error* error) {
        return type.factory->create(bad.index, config.view(), bad.init, &host(), &component, error);
      });
      trial.expect(!call.message.empty(),
                   {status_text(call.status) + " with no message", "a message that says why", has_message});
      trial.expect(call.status > WELT_OK && call.status <= WELT_DATA_LOSS,
                   {status_text(call.status), "one of the canonical codes", "base.h: status of a call"});
    }
  });
}

void null_error(Trial& trial) {
  for_each_component(trial, [&](const ComponentType& type) {
    const ConfigView config(type, config_for(trial, type), false, "welt plugin check");
    for (const BadCreate& bad : bad_creates(type)) {
      welt_component* component = nullptr;
      const welt_status status = trial.call(fmt::format("create() with {} and a null welt_error*", bad.what), [&] {
        return type.factory->create(bad.index, config.view(), bad.init, &host(), &component, nullptr);
      });
      trial.expect(status != WELT_OK, {"status 0", "a refusal", "error.h: the object may be null"});
    }
  });
}

void segmenter_input(Trial& trial) {
  for_each_component(trial, WELT_SEGMENTER_INTERFACE, [&](const ComponentType& type) {
    const SegmenterProbe segmenter(trial, type);
    const std::string text = "a few good words";
    const Ends before = segmenter.segment(text);
    const auto usable = [&] {
      const Ends after = segmenter.segment(text);
      trial.expect(after == before, {first_difference(after, before, text) + ", after a refusal", "the same words",
                                     "docs/abi-policy.md: the instance stays usable"});
    };
    for (const welt_segment_limits& limits :
         {limits_of(-1, 0), limits_of(0, -1), limits_of(0, 0, -1), limits_of(3, 3)}) {
      trial.about(type, fmt::format(", limits of {} bytes, {} characters, {} held back", limits.max_bytes,
                                    limits.max_characters, limits.max_lookahead));
      segmenter.refused(text, {.limits = &limits});
      usable();
    }
    trial.about(type);
    for (const IllFormed& bad : ill_formed_texts()) {
      segmenter.refused(bad.text, {});
      usable();
    }
  });
}

void segmenter_null_error(Trial& trial) {
  for_each_component(trial, WELT_SEGMENTER_INTERFACE, [&](const ComponentType& type) {
    const Made component(trial, type);
    const auto& table = component.require<welt_segmenter_v1>(WELT_SEGMENTER_INTERFACE);
    std::uint64_t ends[8] = {}, count = 0, consumed = 0;
    const welt_status status = trial.call("segment() of ill-formed text with a null welt_error*", [&] {
      return table.segment(component.raw(), string_of("\xFF"), 1, nullptr, ends, 8, &count, &consumed, nullptr, nullptr,
                           nullptr);
    });
    trial.expect(status == WELT_INVALID_ARGUMENT,
                 {status_text(status), status_text(WELT_INVALID_ARGUMENT), "error.h: the object may be null"});
  });
}

void renderer_null_error(Trial& trial) {
  for_each_component(trial, WELT_RENDERER_INTERFACE, [&](const ComponentType& type) {
    const Made component(trial, type);
    const auto& table = component.require<welt_renderer_v1>(WELT_RENDERER_INTERFACE);
    welt_renderer_state* state = nullptr;
    std::int64_t height = 0, width = 0;
    trial.must("make_state()", [&](welt_error* error) { return table.make_state(component.raw(), &state, error); });
    const welt_status status = trial.call("measure() of ill-formed text with a null welt_error*", [&] {
      return table.measure(component.raw(), state, string_of("\xFF"), &height, &width, nullptr);
    });
    table.release_state(component.raw(), state);
    trial.expect(status == WELT_INVALID_ARGUMENT,
                 {status_text(status), status_text(WELT_INVALID_ARGUMENT), "error.h: the object may be null"});
  });
}

}  // namespace

void add_error_tests(TestList& tests) {
  const auto add = [&](const char* what, const char* sentence, const char* role, std::vector<std::string> needs,
                       void (*body)(Trial&)) {
    needs.insert(needs.end(), {gate, made, "config.roles"});
    const bool any = std::string_view(role).empty();
    tests.push_back({.name = std::string("errors.") + what,
                     .description = sentence,
                     .applies = any ? "every component" : role,
                     .needs = std::move(needs),
                     .roles = any ? std::vector<std::string>() : std::vector<std::string>{role},
                     .body = body});
  };
  const std::vector<std::string> segmenter = {"segmenter.concatenation", "segmenter.deterministic", "segmenter.limits",
                                              "segmenter.ill_formed"};
  add("create", "create() refuses a component number and an init that do not exist, and leaves *out.", "", {},
      create_refuses);
  add("message", "A failure has a message and a canonical status.", "", {"errors.create"}, message);
  add("null_error", "create() fails as well without an error object.", "", {"errors.create", "errors.message"},
      null_error);
  add("segmenter", "Negative limits, both limits and ill-formed text are refused; the instance stays usable.",
      WELT_SEGMENTER_INTERFACE, segmenter, segmenter_input);
  add("segmenter_null_error", "segment() fails as well without an error object.", WELT_SEGMENTER_INTERFACE, segmenter,
      segmenter_null_error);
  add("renderer_null_error", "measure() fails as well without an error object.", WELT_RENDERER_INTERFACE,
      {"renderer.ill_formed"}, renderer_null_error);
}

}  // namespace welt::conformance
