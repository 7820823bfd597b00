// welt.renderer/1 from a plain class. Torch-free.
//
//   class Ink {
//    public:
//     static welt::sdk::Descriptor descriptor();      // roles may be left empty
//     struct Settings : welt::sdk::Fields { … };      // its keys (fields.hpp); or static welt::sdk::Schema schema();
//     class State;                                    // what one thread draws with: buffers, opened fonts, caches
//     explicit Ink(const welt::sdk::Config& config);
//     std::int64_t block() const;
//     std::unique_ptr<State> make_state() const;
//     welt::sdk::ImageSize measure(State& state, std::string_view word) const;
//     void render(State& state, std::string_view word, const welt::sdk::Canvas& canvas) const;
//     std::string_view fingerprint() const;           // the text lives as long as the object
//     std::vector<welt::sdk::Glyph> glyphs(State& state, std::string_view word) const;  // may be left out, as the next
//     std::string_view font_name(std::uint32_t font) const;                            // lives as long as the object
//   };
//   WELT_PLUGIN(welt::sdk::PluginInfo("ink", "0.1.0", "…", "MIT"), welt::sdk::Renderer<Ink>)
//
// All methods are const and called from several threads at once, each with a State of its own.
#pragma once

#include <welt/abi/renderer.h>
#include <welt/sdk/fields.hpp>
#include <welt/sdk/plugin.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace welt::sdk {
inline namespace v0_1 {

// Pixels; both are multiples of block(), and at least one.
struct ImageSize {
  std::int64_t height, width;
};

// One glyph of a word; `font` is WELT_RENDERER_NO_FONT for a character that no font has.
using Glyph = welt_renderer_glyph;

// Where a word is drawn: `height` rows of `width` pixels, 0 black to 255 white. Every pixel is to be written.
class Canvas {
 public:
  Canvas(std::uint8_t* pixels, ImageSize size, std::int64_t stride) : pixels_(pixels), size_(size), stride_(stride) {}
  std::int64_t height() const { return size_.height; }
  std::int64_t width() const { return size_.width; }
  std::span<std::uint8_t> row(std::int64_t y) const {
    return {pixels_ + y * stride_, static_cast<std::size_t>(size_.width)};
  }

 private:
  std::uint8_t* pixels_;
  ImageSize size_;
  std::int64_t stride_;
};

template <typename T>
class Renderer {
 public:
  static Descriptor descriptor() {
    Descriptor out = T::descriptor();
    if (out.roles.empty()) out.roles = {WELT_RENDERER_INTERFACE};
    return out;
  }
  static Schema schema() { return declared_schema<T>(); }

  Renderer(const Config& config, std::uint32_t) : impl_(config) {}

  const void* get_interface(std::string_view id) const { return id == WELT_RENDERER_INTERFACE ? &table : nullptr; }

 private:
  using State = typename T::State;

  static const T& impl_of(const welt_component* component) { return instance_of<Renderer>(component).impl_; }
  static State& state_of(welt_renderer_state* state) {
    if (state == nullptr) throw invalid("the renderer's state is null; make_state() gives one");
    return *reinterpret_cast<State*>(state);
  }

  static std::int64_t block(const welt_component* component) {
    std::int64_t pixels = 0;
    fence(nullptr, "block", [&] { pixels = impl_of(component).block(); });
    return pixels;
  }

  static welt_status make_state(const welt_component* component, welt_renderer_state** out, welt_error* error) {
    return fence(error, "make_state", [&] {
      if (out == nullptr) throw invalid("make_state() was given no place for the state");
      std::unique_ptr<State> state = impl_of(component).make_state();
      *out = reinterpret_cast<welt_renderer_state*>(state.release());
    });
  }

  static void release_state(const welt_component*, welt_renderer_state* state) {
    fence(nullptr, "release_state", [&] { const std::unique_ptr<State> owner(reinterpret_cast<State*>(state)); });
  }

  static welt_status measure(const welt_component* component, welt_renderer_state* state, welt_string word,
                             std::int64_t* height, std::int64_t* width, welt_error* error) {
    return fence(error, "measure", [&] {
      const std::string_view text = text_from_abi(word, "the word");
      if (height == nullptr || width == nullptr) throw invalid("measure() was given no place for height and width");
      const ImageSize size = impl_of(component).measure(state_of(state), text);
      *height = size.height;
      *width = size.width;
    });
  }

  // The size is asked for again, so that a caller's wrong one is refused before a pixel is written.
  static welt_status render(const welt_component* component, welt_renderer_state* state, welt_string word,
                            std::uint8_t* pixels, std::int64_t height, std::int64_t width, std::int64_t stride,
                            welt_error* error) {
    return fence(error, "render", [&] {
      const T& impl = impl_of(component);
      State& own = state_of(state);
      const std::string_view text = text_from_abi(word, "the word");
      const ImageSize size = impl.measure(own, text);
      if (pixels == nullptr) throw invalid("render() was given no pixels to write to");
      if (height != size.height || width != size.width || stride < width) {
        throw invalid("an image of " + std::to_string(height) + " × " + std::to_string(width) + " with stride " +
                      std::to_string(stride) + " was given for a word of " + std::to_string(size.height) + " × " +
                      std::to_string(size.width) +
                      "; expected the size of measure() and a stride of at least the width");
      }
      impl.render(own, text, Canvas(pixels, size, stride));
    });
  }

  static welt_string fingerprint(const welt_component* component) {
    welt_string text{};
    fence(nullptr, "fingerprint", [&] { text = to_abi(impl_of(component).fingerprint()); });
    return text;
  }

  static welt_status glyphs(const welt_component* component, welt_renderer_state* state, welt_string word, Glyph* out,
                            std::uint64_t capacity, std::uint64_t* count, welt_error* error) {
    return fence(error, "glyphs", [&] {
      const std::string_view text = text_from_abi(word, "the word");
      if (count == nullptr) throw invalid("glyphs() was given no place for their number");
      if (out == nullptr && capacity > 0) throw invalid("glyphs() was given a capacity, but no place for glyphs");
      const std::vector<Glyph> all = impl_of(component).glyphs(state_of(state), text);
      std::copy_n(all.begin(), std::min<std::uint64_t>(capacity, all.size()), out);
      *count = all.size();
    });
  }

  static welt_string font_name(const welt_component* component, std::uint32_t font) {
    welt_string text{};
    fence(nullptr, "font_name", [&] { text = to_abi(impl_of(component).font_name(font)); });
    return text;
  }

  // Null for what the class leaves out.
  static constexpr auto glyphs_or_null() {
    if constexpr (requires(const T& impl, State& state) { impl.glyphs(state, std::string_view()); }) {
      return &Renderer::glyphs;
    } else {
      return decltype(&Renderer::glyphs)(nullptr);
    }
  }
  static constexpr auto font_name_or_null() {
    if constexpr (requires(const T& impl) { impl.font_name(std::uint32_t{}); }) {
      return &Renderer::font_name;
    } else {
      return decltype(&Renderer::font_name)(nullptr);
    }
  }

  static constexpr welt_renderer_v1 table = {.struct_size = sizeof(welt_renderer_v1),
                                             .reserved = 0,
                                             .block = &Renderer::block,
                                             .make_state = &Renderer::make_state,
                                             .release_state = &Renderer::release_state,
                                             .measure = &Renderer::measure,
                                             .render = &Renderer::render,
                                             .fingerprint = &Renderer::fingerprint,
                                             .glyphs = glyphs_or_null(),
                                             .font_name = font_name_or_null()};

  T impl_;
};

}  // namespace v0_1
}  // namespace welt::sdk
