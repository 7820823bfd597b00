// A built renderer for the harnesses: draws a word as the ABI says and checks what it promises.
#pragma once

#include <welt/abi/renderer.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/strings.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plugin_file.h"

namespace welt::fuzz {

class Drawing {
 public:
  // Throws Error when the plugin refuses the configuration.
  Drawing(const std::string& plugin, const nlohmann::json& config)
      : component_(built_plugin(WELT_RENDERER_INTERFACE, plugin),
                   ConfigView(built_plugin(WELT_RENDERER_INTERFACE, plugin), config, true, "fuzz"), WELT_INIT_NONE),
        table_(&component_.require<welt_renderer_v1>(WELT_RENDERER_INTERFACE)) {
    CallError error;
    error.check(table_->make_state(component_.raw(), &state_, error.raw()), "make_state");
  }
  Drawing(const Drawing&) = delete;
  Drawing& operator=(const Drawing&) = delete;
  ~Drawing() { table_->release_state(component_.raw(), state_); }

  // Twice, over black and over white, with a margin: every pixel of the image is written and no other. Throws Error
  // when the plugin refuses the word.
  void draw(std::string_view word) const {
    std::int64_t height = 0, width = 0;
    CallError error;
    error.check(table_->measure(component_.raw(), state_, string_of(word), &height, &width, error.raw()), "measure");
    const std::int64_t block = table_->block(component_.raw());
    require(height >= block && width >= block && height % block == 0 && width % block == 0, "sizes are whole blocks");
    require(height <= (1 << 26) / width, "an image is no larger than the host takes");
    const std::vector<std::uint8_t> dark = render(word, height, width, 0), light = render(word, height, width, 255);
    const std::int64_t stride = width + margin;
    for (std::int64_t i = 0; i < height * stride; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (i % stride < width) {
        require(dark[at] == light[at], "every pixel is written");
      } else {
        require(dark[at] == 0 && light[at] == 255, "nothing is written beside the image");
      }
    }
  }

 private:
  static constexpr std::int64_t margin = 3;

  std::vector<std::uint8_t> render(std::string_view word, std::int64_t height, std::int64_t width,
                                   std::uint8_t before) const {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(height * (width + margin)), before);
    CallError error;
    error.check(table_->render(component_.raw(), state_, string_of(word), pixels.data(), height, width, width + margin,
                               error.raw()),
                "render");
    return pixels;
  }

  Component component_;
  const welt_renderer_v1* table_;
  welt_renderer_state* state_ = nullptr;
};

}  // namespace welt::fuzz
