// A renderer component as the host uses it: a word in, its grey image out, from any thread.
#pragma once

#include <welt/abi/renderer.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

class Component;

// 0 black to 255 white, dark ink on white paper; row y is pixels[y · width] to pixels[(y + 1) · width).
struct GreyImage {
  std::int64_t height = 0, width = 0;
  std::vector<std::uint8_t> pixels;
};

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
