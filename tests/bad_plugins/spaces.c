/* A good plugin in plain C, as small as one gets: a segmenter that ends a word behind each space.
 * The tests of the registry open it; it also shows that a C compiler is all a segmenter needs. */
#include <stdio.h>
#include <string.h>
#include <welt/abi/config_schema.h>
#include <welt/abi/segmenter.h>

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

/* The bad ones are this file with one of these otherwise (tests/bad_plugins/segmenters). */
#ifndef SPACES_IS_BROKEN
#define AT_ENTRY
#define AT_CREATE
#define AT_DESTROY
#define AT_SEGMENT
#define AFTER_SEGMENT
#define SAME(a, b) ((a).size == strlen(b) && memcmp((a).data, b, (a).size) == 0)
#define AFTER_ENCODE
#define IS_COMPLETE (word.size > 0 && word.data[word.size - 1] == ' ')
#define ILL_FORMED_MESSAGE "the text is not UTF-8 at byte %llu"
#define DEFAULT_SPACES "4"
#define FACTORY_SIZE sizeof factory
#define COMPONENTS 1
#define MODEL_TYPES 1
#endif
#ifndef PLUGIN_ID
#define PLUGIN_ID "spaces"
#endif
#ifndef COMPONENT_ID
#define COMPONENT_ID "spaces"
#endif

static int same(welt_string a, const char* b) { return SAME(a, b); }

static const welt_host* the_host;

static welt_status refuse(welt_error* error, welt_status status, const char* message) {
  static const welt_string service = TEXT(WELT_ERROR_SERVICE), source = TEXT(PLUGIN_ID), none = {0, 0};
  const welt_error_service* errors = the_host->get_service(the_host, service);
  const welt_string text = {message, strlen(message)};
  if (errors) errors->set(error, status, text, source, none);
  return status;
}

/* Bytes of the character that begins at text[at]; 0: none does; -1: the end of the text cuts it off (UTF-8, table 3-7
 * of the Unicode Standard). */
static int character(welt_string text, uint64_t at) {
  const unsigned char first = (unsigned char)text.data[at];
  const int bytes = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  for (int i = 1; i < bytes; ++i) {
    if (at + (uint64_t)i >= text.size) return -1;
    const unsigned char next = (unsigned char)text.data[at + (uint64_t)i];
    if (next < low || next > high) return 0;
    low = 0x80, high = 0xBF;
  }
  return bytes;
}

/* What an older host does not say is zero: no limit. */
static welt_segment_limits whole(const welt_segment_limits* limits) {
  welt_segment_limits all = {sizeof all};
  if (limits && WELT_HAS(limits, max_bytes)) all.max_bytes = limits->max_bytes;
  if (limits && WELT_HAS(limits, max_characters)) all.max_characters = limits->max_characters;
  if (limits && WELT_HAS(limits, max_lookahead)) all.max_lookahead = limits->max_lookahead;
  if (all.max_lookahead == 0) all.max_lookahead = 4096;
  return all;
}

/* Limits are counted in characters here; a segmenter for people's texts cuts at grapheme clusters. */
static welt_status segment(welt_component* component, welt_string text, uint32_t is_final,
                           const welt_segment_limits* limits, uint64_t* ends, uint64_t capacity, uint64_t* count,
                           uint64_t* consumed, int64_t* ids, uint32_t* engines, welt_error* error) {
  AT_SEGMENT;
  const welt_segment_limits most = whole(limits);
  uint64_t words = 0, done = 0, at = 0;
  int64_t letters = 0;
  (void)component;
  if (most.max_bytes < 0 || most.max_characters < 0 || most.max_lookahead < 0)
    return refuse(error, WELT_INVALID_ARGUMENT, "a limit is below 0");
  if (most.max_bytes > 0 && most.max_characters > 0)
    return refuse(error, WELT_INVALID_ARGUMENT, "both max_bytes and max_characters are given; give one");
  while (at < text.size && words < capacity) {
    const int bytes = character(text, at);
    if (bytes < 0 && !is_final) break;
    if (bytes <= 0) {
      char message[64];
      snprintf(message, sizeof message, ILL_FORMED_MESSAGE, (unsigned long long)at);
      return refuse(error, WELT_INVALID_ARGUMENT, message);
    }
    const int too_long = (most.max_bytes > 0 && (int64_t)(at - done) + bytes > most.max_bytes) ||
                         (most.max_characters > 0 && letters + 1 > most.max_characters);
    if (too_long && at > done) ends[words++] = done = at, letters = 0;
    if (words == capacity) break;
    at += (uint64_t)bytes, ++letters;
    const int held_too_long = !is_final && (int64_t)(at - done) > most.max_lookahead;
    if (text.data[at - 1] == ' ' || held_too_long || (at == text.size && is_final))
      ends[words++] = done = at, letters = 0;
  }
  for (uint64_t i = 0; ids && i < words; ++i) ids[i] = -1;
  for (uint64_t i = 0; engines && i < words; ++i) engines[i] = 1;
  *count = words;
  *consumed = done;
  AFTER_SEGMENT;
  return WELT_OK;
}

static uint32_t is_complete(const welt_component* component, welt_string word) {
  (void)component;
  return IS_COMPLETE;
}

/* The vocabulary are the bytes. */
static welt_status encode(const welt_component* component, welt_string text, int64_t* ids, uint64_t capacity,
                          uint64_t* count, welt_error* error) {
  (void)component;
  for (uint64_t at = 0; at < text.size;) {
    const int bytes = character(text, at);
    if (bytes <= 0) {
      char message[64];
      snprintf(message, sizeof message, "the text is not UTF-8 at byte %llu", (unsigned long long)at);
      return refuse(error, WELT_INVALID_ARGUMENT, message);
    }
    at += (uint64_t)bytes;
  }
  for (uint64_t i = 0; i < text.size && i < capacity; ++i) ids[i] = (unsigned char)text.data[i];
  *count = text.size;
  AFTER_ENCODE;
  return WELT_OK;
}

static const welt_segmenter_v1 segmenter = {
    .struct_size = sizeof segmenter, .segment = segment, .is_complete = is_complete, .encode = encode};

static const void* get_interface(const welt_component* component, welt_string id) {
  (void)component;
  return same(id, WELT_SEGMENTER_INTERFACE) ? &segmenter : 0;
}

static void destroy(welt_component* component) {
  AT_DESTROY;
  (void)component;
}

static welt_component the_component = {sizeof the_component, 0, 0, get_interface, destroy};

static const welt_string roles[] = {TEXT(WELT_SEGMENTER_INTERFACE)};
static const welt_string model_types[] = {TEXT("spaces")};
static const welt_string choices[] = {TEXT("keep"), TEXT("drop")};
static const welt_component_descriptor descriptor = {
    .struct_size = sizeof descriptor,
    .id = TEXT(COMPONENT_ID),
    .description = TEXT("ends a word behind each space"),
    .roles = {roles, 1},
    .hf_model_types = {model_types, MODEL_TYPES},
};
static const welt_config_key keys[] = {
    {.struct_size = sizeof keys[0],
     .name = TEXT("max_spaces"),
     .type = WELT_VALUE_INTEGER,
     .default_json = TEXT(DEFAULT_SPACES),
     .minimum = 1,
     .maximum = 9,
     .help = TEXT("spaces of one word")},
    {.struct_size = sizeof keys[0],
     .name = TEXT("mode"),
     .type = WELT_VALUE_STRING,
     .default_json = TEXT("\"keep\""),
     .choices = {choices, 2},
     .help = TEXT("what happens to spaces")},
    {.struct_size = sizeof keys[0],
     .name = TEXT("rope.factor"),
     .type = WELT_VALUE_NUMBER,
     .flags = WELT_CONFIG_NULLABLE,
     .default_json = TEXT("null"),
     .help = TEXT("a nested key")},
};
static const welt_config_schema_v1 schema = {sizeof schema, 0, keys, sizeof keys / sizeof keys[0], sizeof keys[0], 0};

static uint64_t count(void) { return COMPONENTS; }
static const welt_component_descriptor* get_descriptor(uint64_t index) { return index < COMPONENTS ? &descriptor : 0; }
static const void* get_static_interface(uint64_t index, welt_string id) {
  return index < COMPONENTS && same(id, WELT_CONFIG_SCHEMA_INTERFACE) ? &schema : 0;
}

static welt_status create(uint64_t index, const welt_config* config, uint32_t init, const welt_host* host,
                          welt_component** out, welt_error* error) {
  static const welt_string key = TEXT("max_spaces");
  welt_value value = {sizeof value};
  the_host = host;
  AT_CREATE;
  if (index >= COMPONENTS) return refuse(error, WELT_OUT_OF_RANGE, "this plugin has one component, number 0");
  if (init != WELT_INIT_NONE && init != WELT_INIT_RANDOM) return refuse(error, WELT_INVALID_ARGUMENT, "no such init");
  if (config->get(config, key, &value) && value.integer == 9)
    return refuse(error, WELT_INVALID_ARGUMENT, "nine spaces are too many");
  *out = &the_component;
  return WELT_OK;
}

static const welt_component_factory_v1 factory = {FACTORY_SIZE, 0, count, get_descriptor, get_static_interface, create};
static const void* get_factory(welt_string id) { return same(id, WELT_COMPONENT_FACTORY) ? &factory : 0; }
static const welt_plugin plugin = {
    sizeof plugin,  0,           WELT_ABI_MAJOR, WELT_ABI_MINOR, TEXT(PLUGIN_ID), TEXT("1.2.3"),
    TEXT("a test"), TEXT("MIT"), get_factory};

__attribute__((visibility("default"))) welt_status welt_plugin_entry(const welt_host* host, const welt_plugin** out,
                                                                     welt_error* error) {
  AT_ENTRY;
  if (!WELT_HAS(host, get_service)) return WELT_INVALID_ARGUMENT; /* too old to be told why */
  the_host = host;
  if (host->abi_major != WELT_ABI_MAJOR || host->abi_minor < WELT_ABI_MINOR)
    return refuse(error, WELT_FAILED_PRECONDITION, "this plugin was built for a later welt");
  *out = &plugin;
  return WELT_OK;
}
