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
} welt_renderer_v1;
WELT_CHECK_STRUCT(welt_renderer_v1, 56);

#ifdef __cplusplus
}
#endif
#endif
