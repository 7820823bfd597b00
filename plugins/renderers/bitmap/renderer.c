/* See renderer.h. */
#include "renderer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <welt/abi/log.h>
#include <welt/sdk/plugin.h>

#include "drawing.h"
#include "settings.h"

/* Rises with every change of this plugin that may change a pixel. */
enum { pixels_version = 1 };

/* Drawing keeps nothing from one word to the next, so that one state does for all threads. */
struct welt_renderer_state {
  char nothing;
};

struct renderer {
  welt_component component;
  const welt_host* host; /* for its services */
  struct bitmap_font font;
  struct bitmap_page page;
  struct welt_renderer_state state;
  char fingerprint[128];
  atomic_ullong boxes; /* characters drawn as one so far */
};

static struct renderer* self_of(const welt_component* component) { return component->self; }

/* ---- welt.renderer/1 ---- */

static int64_t block(const welt_component* component) { return self_of(component)->page.block; }

static welt_status make_state(const welt_component* component, welt_renderer_state** out, welt_error* error) {
  (void)error;
  *out = &self_of(component)->state;
  return WELT_OK;
}

static void release_state(const welt_component* component, welt_renderer_state* state) {
  (void)component;
  (void)state;
}

/* The width of the word's image, if it is a word. */
static welt_status width_of(const struct renderer* self, const welt_renderer_state* state, welt_string word,
                            int64_t* width, welt_error* error) {
  if (state == NULL)
    return welt_fail(self->host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "",
                     "the renderer's state is null; expected one of make_state()");
  const uint64_t wrong = bitmap_find_wrong_byte(word);
  if (wrong < word.size)
    return welt_fail(self->host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "",
                     "the word is not UTF-8: byte %llu (%02X) fits no character; expected well-formed UTF-8",
                     (unsigned long long)wrong, (unsigned char)word.data[wrong]);
  *width = bitmap_width(&self->page, word);
  return WELT_OK;
}

static welt_status measure(const welt_component* component, welt_renderer_state* state, welt_string word,
                           int64_t* height, int64_t* width, welt_error* error) {
  const struct renderer* self = self_of(component);
  const welt_status status = width_of(self, state, word, width, error);
  if (status == WELT_OK) *height = self->page.block;
  return status;
}

/* Says so at the first box, the tenth, the hundredth, … */
static void count_box(void* renderer, uint32_t character) {
  struct renderer* self = renderer;
  const unsigned long long count = atomic_fetch_add(&self->boxes, 1) + 1;
  unsigned long long power = 1;
  while (power < count) power *= 10;
  if (power != count || !WELT_HAS(self->host, get_service) || self->host->get_service == NULL) return;
  const welt_log_service* log = self->host->get_service(self->host, welt_text(WELT_LOG_SERVICE));
  if (log == NULL || !log->enabled(WELT_LOG_INFO)) return;
  char message[128];
  snprintf(message, sizeof message, "the font lacks U+%04X: it is drawn as a box with its number; boxes so far: %llu",
           (unsigned)character, count);
  log->write(WELT_LOG_INFO, welt_text(WELT_PLUGIN_ID), welt_text(message));
}

static welt_status render(const welt_component* component, welt_renderer_state* state, welt_string word,
                          uint8_t* pixels, int64_t height, int64_t width, int64_t stride, welt_error* error) {
  struct renderer* self = self_of(component);
  int64_t expected = 0;
  const welt_status status = width_of(self, state, word, &expected, error);
  if (status != WELT_OK) return status;
  if (pixels == NULL || height != self->page.block || width != expected || stride < width)
    return welt_fail(self->host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "",
                     "an image of %lld x %lld pixels with stride %lld was given for a word of %lld x %lld; expected "
                     "the size of measure() and a stride of at least the width",
                     (long long)height, (long long)width, (long long)stride, (long long)self->page.block,
                     (long long)expected);
  for (int64_t y = 0; y < height; ++y) memset(pixels + y * stride, 255, (size_t)width);
  bitmap_draw(&self->page, word, pixels, width, stride, count_box, self);
  return WELT_OK;
}

static welt_string fingerprint(const welt_component* component) { return welt_text(self_of(component)->fingerprint); }

static const welt_renderer_v1 table = {.struct_size = sizeof table,
                                       .block = block,
                                       .make_state = make_state,
                                       .release_state = release_state,
                                       .measure = measure,
                                       .render = render,
                                       .fingerprint = fingerprint};

/* ---- the component ---- */

static const void* get_interface(const welt_component* component, welt_string id) {
  (void)component;
  return welt_same(id, WELT_RENDERER_INTERFACE) ? &table : NULL;
}

static void destroy(welt_component* component) {
  struct renderer* self = component->self;
  bitmap_font_close(&self->font);
  free(self);
}

/* What the image depends on, as one line: the version, what was read, and a hash of it and of the settings. */
static void make_fingerprint(struct renderer* self, welt_sha256* hash) {
  char settings[96], digits[65];
  snprintf(settings, sizeof settings, "bitmap renderer %d\nblock %lld\nmax_width %lld\n", (int)pixels_version,
           (long long)self->page.block, (long long)self->page.max_width);
  welt_sha256_add(hash, settings, strlen(settings));
  welt_sha256_close(hash, digits);
  snprintf(self->fingerprint, sizeof self->fingerprint, "bitmap/%d (%llu glyphs, %llu marks) %s", (int)pixels_version,
           (unsigned long long)self->font.count, (unsigned long long)self->font.marks, digits);
}

welt_status bitmap_make(const welt_config* config, uint32_t init, const welt_host* host, welt_component** out,
                        welt_error* error) {
  (void)init; /* there are no weights */
  struct renderer* self = calloc(1, sizeof *self);
  if (self == NULL || !bitmap_font_open(&self->font)) {
    free(self);
    return welt_fail(host, error, WELT_RESOURCE_EXHAUSTED, WELT_PLUGIN_ID, "", "out of memory");
  }
  const welt_component component = {
      .struct_size = sizeof component, .self = self, .get_interface = get_interface, .destroy = destroy};
  self->component = component;
  self->host = host;
  self->page.font = &self->font;
  welt_sha256 hash;
  welt_sha256_open(&hash);
  struct bitmap_problem problem;
  const char* key = bitmap_read_settings(config, &self->page, &self->font, &hash, &problem);
  if (key != NULL) {
    destroy(&self->component);
    return welt_fail(host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, key, "%s", problem.text);
  }
  make_fingerprint(self, &hash);
  *out = &self->component;
  return WELT_OK;
}
