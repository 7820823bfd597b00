/* A good renderer in plain C, for the checks only: a box of 8 × 8 pixels for each character, in a grey of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <welt/abi/renderer.h>

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

/* The bad ones are this file with one of these otherwise (tests/bad_plugins/renderers). */
#ifndef BOXES_ARE_BROKEN
#define AT_RENDER
#define AT_RELEASE
#define AT_ILL_FORMED
#define AT_FINGERPRINT
#define EXTRA_WIDTH 0
#define DRAWN_WIDTH width
#define INK (unsigned char)word.data[letter]
#define CHARACTERS(word, at) character(word, at)
#define GLYPH (unsigned char)word.data[at]
#define LISTED capacity
#define NUMBER 1
#define PLUGIN_ID "boxes"
#endif

#define BLOCK 8

struct welt_renderer_state {
  int number;
};

static int same(welt_string a, const char* b) { return a.size == strlen(b) && memcmp(a.data, b, a.size) == 0; }

static const welt_host* the_host;

static welt_status refuse(welt_error* error, welt_status status, const char* message) {
  static const welt_string service = TEXT(WELT_ERROR_SERVICE), source = TEXT(PLUGIN_ID), none = {0, 0};
  const welt_error_service* errors = the_host->get_service(the_host, service);
  const welt_string text = {message, strlen(message)};
  if (errors) errors->set(error, status, text, source, none);
  return status;
}

/* Bytes of the character that begins at word[at]; 0: none does. */
static int character(welt_string word, uint64_t at) {
  const unsigned char first = (unsigned char)word.data[at];
  const int bytes = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  for (int i = 1; i < bytes; ++i) {
    const unsigned char next = at + (uint64_t)i < word.size ? (unsigned char)word.data[at + (uint64_t)i] : 0;
    if (next < low || next > high) return 0;
    low = 0x80, high = 0xBF;
  }
  return bytes;
}

/* One box a byte: characters of several bytes are wide. */
static welt_status measure(const welt_component* component, welt_renderer_state* state, welt_string word,
                           int64_t* height, int64_t* width, welt_error* error) {
  (void)component, (void)state;
  for (uint64_t at = 0; at < word.size;) {
    const int bytes = CHARACTERS(word, at);
    if (bytes == 0) {
      char message[64];
      AT_ILL_FORMED;
      snprintf(message, sizeof message, "the word is not UTF-8 at byte %llu", (unsigned long long)at);
      return refuse(error, WELT_INVALID_ARGUMENT, message);
    }
    at += (uint64_t)bytes;
  }
  *height = BLOCK;
  *width = BLOCK * (word.size > 0 ? (int64_t)word.size : 1) + EXTRA_WIDTH;
  return WELT_OK;
}

static welt_status render(const welt_component* component, welt_renderer_state* state, welt_string word,
                          uint8_t* pixels, int64_t height, int64_t width, int64_t stride, welt_error* error) {
  (void)component, (void)state, (void)error;
  AT_RENDER;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < DRAWN_WIDTH; ++x) {
      const uint64_t letter = (uint64_t)(x / BLOCK);
      pixels[y * stride + x] = letter < word.size ? INK : 255;
    }
  }
  return WELT_OK;
}

static int64_t block(const welt_component* component) {
  (void)component;
  return BLOCK;
}

static welt_status make_state(const welt_component* component, welt_renderer_state** out, welt_error* error) {
  welt_renderer_state* state = malloc(sizeof *state);
  (void)component;
  if (!state) return refuse(error, WELT_RESOURCE_EXHAUSTED, "out of memory");
  state->number = NUMBER;
  *out = state;
  return WELT_OK;
}

static void release_state(const welt_component* component, welt_renderer_state* state) {
  (void)component;
  AT_RELEASE;
  free(state);
}

static welt_string fingerprint(const welt_component* component) {
  static char text[] = "boxes 1";
  const welt_string whole = {text, sizeof text - 1};
  (void)component;
  AT_FINGERPRINT;
  return whole;
}

/* The boxes one after the other; a character is the font's glyph of its first byte. */
static welt_status glyphs(const welt_component* component, welt_renderer_state* state, welt_string word,
                          welt_renderer_glyph* out, uint64_t capacity, uint64_t* count, welt_error* error) {
  uint64_t found = 0;
  (void)component, (void)state;
  for (uint64_t at = 0; at < word.size; ++found) {
    const int bytes = CHARACTERS(word, at);
    const welt_renderer_glyph box = {0, GLYPH, (int32_t)(at * BLOCK), BLOCK};
    if (bytes == 0) return refuse(error, WELT_INVALID_ARGUMENT, "the word is not UTF-8");
    if (found < LISTED) out[found] = box;
    at += (uint64_t)bytes;
  }
  *count = found;
  return WELT_OK;
}

static welt_string font_name(const welt_component* component, uint32_t font) {
  const welt_string boxes = TEXT("boxes"), none = {0, 0};
  (void)component;
  return font == 0 ? boxes : none;
}

static const welt_renderer_v1 renderer = {sizeof renderer, 0,      block,       make_state, release_state,
                                          measure,         render, fingerprint, glyphs,     font_name};

static const void* get_interface(const welt_component* component, welt_string id) {
  (void)component;
  return same(id, WELT_RENDERER_INTERFACE) ? &renderer : 0;
}
static void destroy(welt_component* component) { (void)component; }
static welt_component the_component = {sizeof the_component, 0, 0, get_interface, destroy};

static const welt_string roles[] = {TEXT(WELT_RENDERER_INTERFACE)};
static const welt_component_descriptor descriptor = {
    .struct_size = sizeof descriptor, .id = TEXT(PLUGIN_ID), .description = TEXT("boxes"), .roles = {roles, 1}};

static uint64_t count(void) { return 1; }
static const welt_component_descriptor* get_descriptor(uint64_t index) { return index == 0 ? &descriptor : 0; }
static welt_status create(uint64_t index, const welt_config* config, uint32_t init, const welt_host* host,
                          welt_component** out, welt_error* error) {
  the_host = host;
  (void)config;
  if (index != 0) return refuse(error, WELT_OUT_OF_RANGE, "this plugin has one component, number 0");
  if (init != WELT_INIT_NONE && init != WELT_INIT_RANDOM) return refuse(error, WELT_INVALID_ARGUMENT, "no such init");
  *out = &the_component;
  return WELT_OK;
}
static const welt_component_factory_v1 factory = {sizeof factory, 0, count, get_descriptor, 0, create};
static const void* get_factory(welt_string id) { return same(id, WELT_COMPONENT_FACTORY) ? &factory : 0; }
static const welt_plugin plugin = {
    sizeof plugin,  0,           WELT_ABI_MAJOR, WELT_ABI_MINOR, TEXT(PLUGIN_ID), TEXT("1.2.3"),
    TEXT("a test"), TEXT("MIT"), get_factory};

__attribute__((visibility("default"))) welt_status welt_plugin_entry(const welt_host* host, const welt_plugin** out,
                                                                     welt_error* error) {
  if (!WELT_HAS(host, get_service)) return WELT_INVALID_ARGUMENT; /* too old to be told why */
  the_host = host;
  if (host->abi_major != WELT_ABI_MAJOR || host->abi_minor < WELT_ABI_MINOR)
    return refuse(error, WELT_FAILED_PRECONDITION, "this plugin was built for a later welt");
  *out = &plugin;
  return WELT_OK;
}
