/* welt.renderer/1: draws a word as an image. Torch-free: C, C++, Rust, Zig…
 *
 * Scenario: the host renders each distinct word once, on data threads in training and between two words in generation,
 * keeps it as 8-bit grey, and hands it to an image encoder. Each thread has a state of its own, because font objects are
 * not thread-safe.
 *
 * An image is grey, 0 black to 255 white, dark ink on white paper. The same word gives the same pixels in every state,
 * thread and process, whatever was drawn before it, as long as fingerprint() is the same. */
#ifndef WELT_ABI_RENDERER_H
#define WELT_ABI_RENDERER_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_RENDERER_INTERFACE "welt.renderer/1"

/* What one thread draws with: opened fonts, shaping buffers, caches. */
typedef struct welt_renderer_state welt_renderer_state;

/* `font` of a glyph that no font has. */
#define WELT_RENDERER_NO_FONT 4294967295u

/* One glyph of a word: an element of an array, which never grows. Origins are the left ends of baselines, as fonts count
 * them; pixels from the left and the upper edge of the image, which they may lie beside. */
typedef struct welt_renderer_glyph {
  uint32_t font;  /* a number for font_name(), or WELT_RENDERER_NO_FONT */
  uint32_t glyph; /* its number in the font; the code point where there is no font */
  int32_t x, y;
} welt_renderer_glyph;
WELT_STATIC_ASSERT(sizeof(welt_renderer_glyph) == 16 && WELT_ALIGNOF(welt_renderer_glyph) == 4,
                   "welt_renderer_glyph has another layout");

typedef struct welt_renderer_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Heights and widths are multiples of this many pixels; 1 or more. */
  int64_t (*block)(const welt_component* component);
  /* [concurrent-eval] A state for one thread. It may be used on another thread later, never on two at once. Released
   * before its component is destroyed. */
  welt_status (*make_state)(const welt_component* component, WELT_GIVE welt_renderer_state** out, welt_error* error);
  /* [concurrent-eval] null is allowed. */
  void (*release_state)(const welt_component* component, WELT_GIVE welt_renderer_state* state WELT_NULLABLE);
  /* [concurrent-eval] Size of the word's image in pixels, both at least one block; the empty word has one too. Text that
   * is not UTF-8 is WELT_INVALID_ARGUMENT, naming the byte. */
  welt_status (*measure)(const welt_component* component, welt_renderer_state* state, WELT_BORROW welt_string word,
                         int64_t* height, int64_t* width, welt_error* error);
  /* [concurrent-eval] Draws the word: row y at pixels + y · stride, `width` bytes each. height and width are those of
   * measure(), stride is at least width; every byte of the image is written, none beside it. */
  welt_status (*render)(const welt_component* component, welt_renderer_state* state, WELT_BORROW welt_string word,
                        uint8_t* pixels, int64_t height, int64_t width, int64_t stride, welt_error* error);
  /* [any] A short text that changes whenever pixels may: hashes of the fonts, versions of the libraries, settings. Stored
   * in checkpoints and compared on load. Lives as long as the component. */
  welt_string (*fingerprint)(const welt_component* component);
  /* [concurrent-eval] What the word is drawn with, in the order of drawing: writes the first `capacity` glyphs to `out`
   * (null where capacity is 0), nothing behind them, and the number of all to *count. The same in every state, as the
   * pixels are. Null: the renderer does not tell. */
  welt_status (*glyphs)(const welt_component* component, welt_renderer_state* state, WELT_BORROW welt_string word,
                        welt_renderer_glyph* out WELT_NULLABLE, uint64_t capacity, uint64_t* count,
                        welt_error* error) WELT_NULLABLE;
  /* [any] The name of a font of `glyphs`, such as a file's with the number of its face, in one line; lives as long as
   * the component. Empty: no such number. Null: fonts have no names. */
  welt_string (*font_name)(const welt_component* component, uint32_t font) WELT_NULLABLE;
} welt_renderer_v1;
WELT_CHECK_STRUCT(welt_renderer_v1, 72);

#ifdef __cplusplus
}
#endif
#endif
