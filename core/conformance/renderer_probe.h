// A renderer under check: draws into memory with guard bytes around every row, and checks what every answer must be.
#pragma once

#include <welt/abi/renderer.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/conformance/made.h"
#include "core/text/grey_image.h"

namespace welt::conformance {

class RendererProbe {
 public:
  RendererProbe(Trial& trial, const ComponentType& type);

  // One thread's state; released with the object, which must not outlive the probe.
  class State {
   public:
    explicit State(const RendererProbe& probe);
    ~State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    welt_renderer_state* raw() const { return state_; }

   private:
    const RendererProbe& probe_;
    welt_renderer_state* state_ = nullptr;
  };

  std::int64_t block() const;
  std::string fingerprint() const;

  struct Size {
    std::int64_t height, width;
    friend bool operator==(const Size&, const Size&) = default;
  };
  Size measure(const State& state, std::string_view word) const;

  // The image on paper of `background` bytes, in rows `margin` bytes longer than the image. Whether anything beside the
  // image was written is asked only with Guards::checked; memory is left for it in any case.
  enum class Guards { ignored, checked };
  GreyImage draw(const State& state, std::string_view word, std::uint8_t background = 0x5A, std::int64_t margin = 0,
                 Guards guards = Guards::ignored) const;

  // measure() that must be refused: with WELT_INVALID_ARGUMENT and a message, outputs as they were.
  Call refused(const State& state, std::string_view word) const;

  // Glyphs of the word, at most `capacity` of them, out of memory that ends behind them; and how many there are in all.
  struct Listed {
    std::vector<welt_renderer_glyph> glyphs;
    std::uint64_t count;
  };
  bool lists_glyphs() const { return WELT_HAS(table_, glyphs) && table_->glyphs != nullptr; }
  Listed glyphs(const State& state, std::string_view word, std::uint64_t capacity) const;
  // Checked to be a line of UTF-8; empty also where fonts have no names.
  std::string font_name(std::uint32_t font) const;

  // The image without any checks, from any thread; empty where a call failed.
  GreyImage plain(std::string_view word) const;

  Trial& trial() const { return trial_; }
  const Made& made() const { return made_; }
  const welt_renderer_v1& table() const { return *table_; }

 private:
  Trial& trial_;
  Made made_;
  const welt_renderer_v1* table_;
};

bool same_image(const GreyImage& a, const GreyImage& b);
// "row 3, column 7 is 0 instead of 255"
std::string first_difference(const GreyImage& found, const GreyImage& expected);

// Words of all sorts, none longer than a line.
std::vector<std::string> words_to_draw(std::uint64_t seed);

}  // namespace welt::conformance
