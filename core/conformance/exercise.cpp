// See exercise.h.
#include "core/conformance/exercise.h"

#include <welt/abi/renderer.h>
#include <welt/abi/segmenter.h>

#include <array>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plugin/strings.h"

namespace welt::conformance {
namespace {

constexpr std::string_view words = "two words";

std::string segmented(Trial& trial, const Made& component) {
  const auto& table = component.require<welt_segmenter_v1>(WELT_SEGMENTER_INTERFACE);
  std::array<std::uint64_t, words.size() + 1> ends{};
  std::uint64_t count = 0, consumed = 0;
  trial.must("segment()", [&](welt_error* error) {
    return table.segment(component.raw(), string_of(words), 1, nullptr, ends.data(), ends.size(), &count, &consumed,
                         nullptr, nullptr, error);
  });
  return fmt::format("{} words, {} bytes", count, consumed);
}

std::string drawn(Trial& trial, const Made& component) {
  const auto& table = component.require<welt_renderer_v1>(WELT_RENDERER_INTERFACE);
  welt_renderer_state* state = nullptr;
  std::int64_t height = 0, width = 0;
  trial.must("make_state()", [&](welt_error* error) { return table.make_state(component.raw(), &state, error); });
  trial.must("measure()", [&](welt_error* error) {
    return table.measure(component.raw(), state, string_of(words), &height, &width, error);
  });
  std::string pixels(static_cast<std::size_t>(height * width), '\0');
  trial.must("render()", [&](welt_error* error) {
    return table.render(component.raw(), state, string_of(words), reinterpret_cast<std::uint8_t*>(pixels.data()),
                        height, width, width, error);
  });
  trial.call("release_state()", [&] { table.release_state(component.raw(), state); });
  return fmt::format("{} × {} pixels, sha256 {}", height, width, sha256(pixels));
}

}  // namespace

std::string exercise(Trial& trial, const Made& component) {
  std::string result;
  if (component.type().has_role(WELT_SEGMENTER_INTERFACE)) result += segmented(trial, component);
  if (component.type().has_role(WELT_RENDERER_INTERFACE)) result += drawn(trial, component);
  return result;
}

}  // namespace welt::conformance
