// A renderer component as the host uses it: a word in, its grey image out, from any thread.
#pragma once

#include <welt/abi/renderer.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/grey_image.h"

namespace welt {

class Component;

// Keeps a reference to the component, which must outlive it. [concurrent]: a call takes one of the plugin's states from
// a pool, or has another one made, so there are at most as many as threads that ever drew at once.
class Renderer {
 public:
  // Throws Error when the component is no renderer, or its block or fingerprint cannot be.
  explicit Renderer(const Component& component);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  // Height and width are multiples of block(), at least one each, for the empty word too. Throws Error for text that is
  // not UTF-8, naming the byte, and with the plugin's message.
  GreyImage render(std::string_view word) const;

  // What the word is drawn with, in the order of drawing; font_name() names the fonts, and a font of
  // WELT_RENDERER_NO_FONT stands for a character that none has. Nothing: the plugin does not tell. Throws Error as
  // render() does.
  std::optional<std::vector<welt_renderer_glyph>> glyphs(std::string_view word) const;
  // "NotoSans-Regular.ttf#0"; the number itself where the plugin has no name for it.
  std::string font_name(std::uint32_t font) const;

  std::int64_t block() const { return block_; }
  // Changes whenever pixels may: fonts, libraries, settings.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  class Lease;
  welt_renderer_state* take() const;

  const Component* component_;
  const welt_renderer_v1* table_;
  std::int64_t block_;
  std::string fingerprint_;
  mutable std::mutex mutex_;
  mutable std::vector<welt_renderer_state*> idle_;  // states that no call uses; guarded by mutex_
  mutable std::size_t states_ = 0;                  // ever asked for; guarded by mutex_
};

}  // namespace welt
