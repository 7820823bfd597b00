// A renderer of plain C tables that counts, misbehaves on request, and tells when a state is used by two at once.
#pragma once

#include <welt/abi/renderer.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "core/plugin/strings.h"
#include "tests/core/text/toy_component.h"

namespace welt::test {

// Draws a word of n bytes as (n + 1) blocks of the grey value of its first byte.
struct ToyRenderer {
  std::int64_t block = 4;
  std::string fingerprint = "toy";
  std::int64_t odd_height = 0;  // instead of a block
  std::uint64_t glyphs_a_byte = 1;
  std::chrono::microseconds pause{0};
  std::atomic<int> states{0}, living{0}, renders{0}, shared{0};

  struct State {
    std::atomic<int> users{0};
  };

  static ToyRenderer& of(const welt_component* component) { return *static_cast<ToyRenderer*>(component->self); }
  static State& of(welt_renderer_state* state) { return *reinterpret_cast<State*>(state); }

  static welt_status fill(const welt_component* component, welt_renderer_state* state, welt_string word,
                          std::uint8_t* pixels, std::int64_t height, std::int64_t width, std::int64_t stride,
                          welt_error*) {
    ToyRenderer& toy = of(component);
    if (of(state).users.fetch_add(1) != 0) ++toy.shared;
    std::this_thread::sleep_for(toy.pause);
    ++toy.renders;
    const std::string_view text = view_of(word);
    for (std::int64_t y = 0; y < height; ++y) {
      std::fill_n(pixels + y * stride, width, static_cast<std::uint8_t>(text.empty() ? 255 : text[0]));
    }
    of(state).users.fetch_sub(1);
    return text == "!" ? WELT_INTERNAL : WELT_OK;
  }

  welt_renderer_v1 table = {
      .struct_size = sizeof(welt_renderer_v1),
      .reserved = 0,
      .block = [](const welt_component* component) { return of(component).block; },
      .make_state =
          [](const welt_component* component, welt_renderer_state** out, welt_error*) {
            ++of(component).states;
            ++of(component).living;
            *out = reinterpret_cast<welt_renderer_state*>(std::make_unique<State>().release());
            return WELT_OK;
          },
      .release_state =
          [](const welt_component* component, welt_renderer_state* state) {
            --of(component).living;
            const std::unique_ptr<State> owner(&of(state));
          },
      .measure =
          [](const welt_component* component, welt_renderer_state*, welt_string word, std::int64_t* height,
             std::int64_t* width, welt_error*) {
            const ToyRenderer& toy = of(component);
            *height = toy.odd_height != 0 ? toy.odd_height : toy.block;
            *width = toy.block * static_cast<std::int64_t>(word.size + 1);
            return WELT_OK;
          },
      .render = fill,
      .fingerprint = [](const welt_component* component) { return string_of(of(component).fingerprint); },
      .glyphs =
          [](const welt_component* component, welt_renderer_state*, welt_string word, welt_renderer_glyph* out,
             std::uint64_t capacity, std::uint64_t* count, welt_error*) {
            *count = of(component).glyphs_a_byte * word.size;
            for (std::uint64_t i = 0; i < std::min(capacity, *count); ++i) {
              out[i] = {static_cast<std::uint32_t>(i % 2), static_cast<std::uint32_t>(i), 0, 0};
            }
            return WELT_OK;
          },
      .font_name = [](const welt_component*, std::uint32_t font) { return string_of(font == 0 ? "toy.ttf#0" : ""); }};
};

}  // namespace welt::test
