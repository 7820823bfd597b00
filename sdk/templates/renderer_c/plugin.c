/* The renderer "my_plugin" as the host sees it: the dots of model.h behind welt.renderer/1, in plain C. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <welt/abi/renderer.h>
#include <welt/sdk/plugin.h>
#include <welt/sdk/utf8.h>

#include "model.h"

/* What create() makes. The host is kept for its error service. */
struct renderer {
  welt_component component;
  const welt_host* host;
  int64_t block;
  char fingerprint[96];
};

/* What one thread draws with: the characters of the word in hand. */
struct welt_renderer_state {
  uint32_t* characters;
  uint64_t count, capacity;
};

static const struct renderer* self_of(const welt_component* component) { return component->self; }

/* ---- welt.renderer/1 ---- */

static int64_t block(const welt_component* component) { return self_of(component)->block; }

static welt_status make_state(const welt_component* component, welt_renderer_state** out, welt_error* error) {
  welt_renderer_state* state = calloc(1, sizeof *state);
  if (state == NULL)
    return welt_fail(self_of(component)->host, error, WELT_RESOURCE_EXHAUSTED, WELT_PLUGIN_ID, "", "out of memory");
  *out = state;
  return WELT_OK;
}

static void release_state(const welt_component* component, welt_renderer_state* state) {
  (void)component;
  if (state != NULL) free(state->characters);
  free(state);
}

/* Fills the state with the characters of the word. */
static welt_status read_word(const struct renderer* self, welt_renderer_state* state, welt_string word,
                             welt_error* error) {
  if (state == NULL)
    return welt_fail(self->host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "",
                     "the renderer's state is null; expected one of make_state()");
  if (word.size > state->capacity) { /* no more characters than bytes */
    uint32_t* larger =
        word.size > SIZE_MAX / sizeof *larger ? NULL : realloc(state->characters, word.size * sizeof *larger);
    if (larger == NULL)
      return welt_fail(self->host, error, WELT_RESOURCE_EXHAUSTED, WELT_PLUGIN_ID, "", "out of memory");
    state->characters = larger;
    state->capacity = word.size;
  }
  state->count = 0;
  for (uint64_t at = 0; at < word.size;) {
    const int32_t length = welt_utf8_decode(word, at, &state->characters[state->count]);
    if (length <= 0)
      return welt_fail(self->host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "",
                       "the word is not UTF-8: byte %llu fits no character; expected well-formed UTF-8",
                       (unsigned long long)at);
    at += (uint64_t)length;
    ++state->count;
  }
  return WELT_OK;
}

/* Of the word in the state: its characters side by side, and white up to a whole block. */
static int64_t width_of(const struct renderer* self, const welt_renderer_state* state) {
  const int64_t used = (int64_t)state->count * my_plugin_character_width(self->block);
  const int64_t blocks = (used + self->block - 1) / self->block;
  return (blocks > 0 ? blocks : 1) * self->block;
}

static welt_status measure(const welt_component* component, welt_renderer_state* state, welt_string word,
                           int64_t* height, int64_t* width, welt_error* error) {
  const struct renderer* self = self_of(component);
  const welt_status status = read_word(self, state, word, error);
  if (status != WELT_OK) return status;
  *height = self->block;
  *width = width_of(self, state);
  return WELT_OK;
}

static welt_status render(const welt_component* component, welt_renderer_state* state, welt_string word,
                          uint8_t* pixels, int64_t height, int64_t width, int64_t stride, welt_error* error) {
  const struct renderer* self = self_of(component);
  const welt_status status = read_word(self, state, word, error);
  if (status != WELT_OK) return status;
  if (pixels == NULL || height != self->block || width != width_of(self, state) || stride < width)
    return welt_fail(
        self->host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "",
        "an image of %lld x %lld pixels with stride %lld was given for a word of %lld x %lld; expected the "
        "size of measure() and a stride of at least the width",
        (long long)height, (long long)width, (long long)stride, (long long)self->block,
        (long long)width_of(self, state));
  for (int64_t y = 0; y < height; ++y) memset(pixels + y * stride, 255, (size_t)width);
  for (uint64_t i = 0; i < state->count; ++i)
    my_plugin_draw_character(state->characters[i], self->block,
                             pixels + (int64_t)i * my_plugin_character_width(self->block), stride);
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

static void destroy(welt_component* component) { free(component->self); }

static welt_status make(const welt_config* config, uint32_t init, const welt_host* host, welt_component** out,
                        welt_error* error) {
  (void)init; /* there are no weights */
  welt_value value = {.struct_size = sizeof value};
  config->get(config, welt_text("block"), &value);
  if (value.integer < smallest_block || value.integer > 1024)
    return welt_fail(host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "block",
                     "block is %lld pixels; expected %d to 1024", (long long)value.integer, smallest_block);
  struct renderer* self = calloc(1, sizeof *self);
  if (self == NULL) return welt_fail(host, error, WELT_RESOURCE_EXHAUSTED, WELT_PLUGIN_ID, "", "out of memory");
  const welt_component component = {
      .struct_size = sizeof component, .self = self, .get_interface = get_interface, .destroy = destroy};
  self->component = component;
  self->host = host;
  self->block = value.integer;
  snprintf(self->fingerprint, sizeof self->fingerprint, WELT_PLUGIN_ID " " WELT_PLUGIN_VERSION ", block %lld",
           (long long)self->block);
  *out = &self->component;
  return WELT_OK;
}

/* ---- what it is, and which configuration it takes ---- */

static const welt_string roles[] = {WELT_TEXT(WELT_RENDERER_INTERFACE)};
static const welt_component_descriptor descriptor = {
    .struct_size = sizeof descriptor,
    .id = WELT_TEXT("my_plugin"),
    .description = WELT_TEXT("draws the bits of each character as dots"),
    .roles = {roles, 1},
};
static const welt_config_key keys[] = {
    {.struct_size = sizeof keys[0],
     .name = WELT_TEXT("block"), /* model.renderer.block of a recipe */
     .type = WELT_VALUE_INTEGER,
     .default_json = WELT_TEXT("16"),
     .minimum = smallest_block,
     .maximum = 1024,
     .help = WELT_TEXT("height of an image, and what its width is a multiple of")},
};
static const welt_config_schema_v1 schema = {
    .struct_size = sizeof schema, .keys = keys, .count = sizeof keys / sizeof keys[0], .key_size = sizeof keys[0]};

WELT_C_FACTORY(factory, descriptor, schema, make);
WELT_C_PLUGIN(WELT_PLUGIN_ID, WELT_PLUGIN_VERSION, "Words as patterns of dots", "MIT", factory)
