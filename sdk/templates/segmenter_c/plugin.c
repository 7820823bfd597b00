/* The segmenter "my_plugin" as the host sees it: the rule of model.h behind welt.segmenter/1, in plain C. */
#include <stdlib.h>
#include <welt/abi/segmenter.h>
#include <welt/sdk/plugin.h>

#include "model.h"

/* What create() makes. The host is kept for its error service. */
struct segmenter {
  welt_component component;
  const welt_host* host;
  struct rule rule;
};

static const struct segmenter* self_of(const welt_component* component) { return component->self; }

/* ---- welt.segmenter/1 ---- */

static welt_status read_limits(const struct segmenter* self, const welt_segment_limits* given,
                               welt_segment_limits* limits, welt_error* error) {
  const welt_segment_limits none = {.struct_size = sizeof none};
  *limits = none;
  if (given == NULL) return WELT_OK;
  if (WELT_HAS(given, max_bytes)) limits->max_bytes = given->max_bytes;
  if (WELT_HAS(given, max_characters)) limits->max_characters = given->max_characters;
  if (WELT_HAS(given, max_lookahead)) limits->max_lookahead = given->max_lookahead;
  if (limits->max_bytes < 0 || limits->max_characters < 0 || limits->max_lookahead < 0)
    return welt_fail(self->host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "",
                     "a word limit is negative; expected 0 (no limit) or more");
  if (limits->max_bytes > 0 && limits->max_characters > 0)
    return welt_fail(self->host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "",
                     "both max_bytes and max_characters were given; expected one of them");
  return WELT_OK;
}

static welt_status segment(welt_component* component, welt_string text, uint32_t is_final,
                           const welt_segment_limits* given, uint64_t* ends, uint64_t capacity, uint64_t* count,
                           uint64_t* consumed, int64_t* ids, uint32_t* engines, welt_error* error) {
  const struct segmenter* self = self_of(component);
  welt_segment_limits limits;
  const welt_status status = read_limits(self, given, &limits, error);
  if (status != WELT_OK) return status;
  const uint64_t wrong = my_plugin_find_wrong_byte(text, is_final != 0);
  if (wrong < text.size)
    return welt_fail(self->host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "",
                     "the text is not UTF-8: byte %llu fits no character; expected well-formed UTF-8",
                     (unsigned long long)wrong);
  uint64_t words = 0, done = 0;
  while (done < text.size && words < capacity) {
    const uint64_t end = my_plugin_find_word_end(&self->rule, text, done, is_final != 0, &limits);
    if (end == done) break; /* held back until more text comes */
    if (ids != NULL) ids[words] = -1;
    if (engines != NULL) engines[words] = 1;
    ends[words++] = done = end;
  }
  *count = words;
  *consumed = done;
  return WELT_OK;
}

static uint32_t is_complete(const welt_component* component, welt_string word) {
  return my_plugin_is_whole(&self_of(component)->rule, word) ? 1 : 0;
}

static const welt_segmenter_v1 table = {.struct_size = sizeof table, .segment = segment, .is_complete = is_complete};

/* ---- the component ---- */

static const void* get_interface(const welt_component* component, welt_string id) {
  (void)component;
  return welt_same(id, WELT_SEGMENTER_INTERFACE) ? &table : NULL;
}

static void destroy(welt_component* component) { free(component->self); }

static welt_status make(const welt_config* config, uint32_t init, const welt_host* host, welt_component** out,
                        welt_error* error) {
  (void)init; /* there are no weights */
  welt_value separators = {.struct_size = sizeof separators};
  config->get(config, welt_text("separators"), &separators);
  struct segmenter* self = calloc(1, sizeof *self);
  if (self == NULL) return welt_fail(host, error, WELT_RESOURCE_EXHAUSTED, WELT_PLUGIN_ID, "", "out of memory");
  if (!my_plugin_set_separators(&self->rule, separators.string)) {
    free(self);
    return welt_fail(host, error, WELT_INVALID_ARGUMENT, WELT_PLUGIN_ID, "separators",
                     "separators is \"%.*s\"; expected one or more ASCII characters", (int)separators.string.size,
                     separators.string.data);
  }
  const welt_component component = {
      .struct_size = sizeof component, .self = self, .get_interface = get_interface, .destroy = destroy};
  self->component = component;
  self->host = host;
  *out = &self->component;
  return WELT_OK;
}

/* ---- what it is, and which configuration it takes ---- */

static const welt_string roles[] = {WELT_TEXT(WELT_SEGMENTER_INTERFACE)};
static const welt_component_descriptor descriptor = {
    .struct_size = sizeof descriptor,
    .id = WELT_TEXT("my_plugin"),
    .description = WELT_TEXT("a word ends behind a separator"),
    .roles = {roles, 1},
};
static const welt_config_key keys[] = {
    {.struct_size = sizeof keys[0],
     .name = WELT_TEXT("separators"),
     .type = WELT_VALUE_STRING,
     .default_json = WELT_TEXT("\" \\t\\n\\r\""),
     .help = WELT_TEXT("ASCII characters that end a word")},
};
static const welt_config_schema_v1 schema = {
    .struct_size = sizeof schema, .keys = keys, .count = sizeof keys / sizeof keys[0], .key_size = sizeof keys[0]};

WELT_C_FACTORY(factory, descriptor, schema, make);
WELT_C_PLUGIN(WELT_PLUGIN_ID, WELT_PLUGIN_VERSION, "Words that end behind separators", "MIT", factory)
