/* A good plugin in plain C, as small as one gets: a segmenter that ends a word behind each space.
 * The tests of the registry open it; it also shows that a C compiler is all a segmenter needs. */
#include <string.h>
#include <welt/abi/config_schema.h>
#include <welt/abi/segmenter.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}

/* The bad ones that differ in a name only are made from this file. */
#ifndef PLUGIN_ID
#define PLUGIN_ID "spaces"
#endif
#ifndef COMPONENT_ID
#define COMPONENT_ID "spaces"
#endif

static int same(welt_string a, const char* b) { return a.size == strlen(b) && memcmp(a.data, b, a.size) == 0; }

static welt_status segment(welt_component* component, welt_string text, uint32_t is_final,
                           const welt_segment_limits* limits, uint64_t* ends, uint64_t capacity, uint64_t* count,
                           uint64_t* consumed, int64_t* ids, uint32_t* engines, welt_error* error) {
  uint64_t words = 0, done = 0;
  (void)component, (void)limits, (void)ids, (void)engines, (void)error;
  for (uint64_t i = 0; i < text.size && words < capacity; ++i) {
    const int last = i + 1 == text.size;
    if (text.data[i] == ' ' || (last && is_final)) ends[words++] = done = i + 1;
  }
  *count = words;
  *consumed = done;
  return WELT_OK;
}

static uint32_t is_complete(const welt_component* component, welt_string word) {
  (void)component;
  return word.size > 0 && word.data[word.size - 1] == ' ';
}

static const welt_segmenter_v1 segmenter = {sizeof segmenter, 0, segment, is_complete};

static const void* get_interface(const welt_component* component, welt_string id) {
  (void)component;
  return same(id, WELT_SEGMENTER_INTERFACE) ? &segmenter : 0;
}

static void destroy(welt_component* component) { (void)component; }

static welt_component the_component = {sizeof the_component, 0, 0, get_interface, destroy};

static const welt_string roles[] = {TEXT(WELT_SEGMENTER_INTERFACE)};
static const welt_string model_types[] = {TEXT("spaces")};
static const welt_string choices[] = {TEXT("keep"), TEXT("drop")};
static const welt_component_descriptor descriptor = {
    .struct_size = sizeof descriptor,
    .id = TEXT(COMPONENT_ID),
    .description = TEXT("ends a word behind each space"),
    .roles = {roles, 1},
    .hf_model_types = {model_types, 1},
};
static const welt_config_key keys[] = {
    {.struct_size = sizeof keys[0], .name = TEXT("max_spaces"), .type = WELT_VALUE_INTEGER, .default_json = TEXT("4"),
     .minimum = 1, .maximum = 9, .help = TEXT("spaces of one word")},
    {.struct_size = sizeof keys[0], .name = TEXT("mode"), .type = WELT_VALUE_STRING, .default_json = TEXT("\"keep\""),
     .choices = {choices, 2}, .help = TEXT("what happens to spaces")},
    {.struct_size = sizeof keys[0], .name = TEXT("rope.factor"), .type = WELT_VALUE_NUMBER,
     .flags = WELT_CONFIG_NULLABLE, .default_json = TEXT("null"), .help = TEXT("a nested key")},
};
static const welt_config_schema_v1 schema = {sizeof schema, 0, keys, sizeof keys / sizeof keys[0], sizeof keys[0], 0};

static uint64_t count(void) { return 1; }
static const welt_component_descriptor* get_descriptor(uint64_t index) { return index == 0 ? &descriptor : 0; }
static const void* get_static_interface(uint64_t index, welt_string id) {
  return index == 0 && same(id, WELT_CONFIG_SCHEMA_INTERFACE) ? &schema : 0;
}

static void refuse(const welt_host* host, welt_error* error, const char* message) {
  static const welt_string service = TEXT(WELT_ERROR_SERVICE), source = TEXT(PLUGIN_ID), none = {0, 0};
  const welt_error_service* errors = host->get_service(host, service);
  const welt_string text = {message, strlen(message)};
  if (errors) errors->set(error, WELT_INVALID_ARGUMENT, text, source, none);
}

static welt_status create(uint64_t index, const welt_config* config, uint32_t init, const welt_host* host,
                          welt_component** out, welt_error* error) {
  static const welt_string key = TEXT("max_spaces");
  welt_value value = {sizeof value};
  (void)init;
  if (index != 0) return WELT_OUT_OF_RANGE;
  if (config->get(config, key, &value) && value.integer == 9) {
    refuse(host, error, "nine spaces are too many");
    return WELT_INVALID_ARGUMENT;
  }
  *out = &the_component;
  return WELT_OK;
}

static const welt_component_factory_v1 factory = {sizeof factory, 0, count, get_descriptor, get_static_interface, create};
static const void* get_factory(welt_string id) { return same(id, WELT_COMPONENT_FACTORY) ? &factory : 0; }
static const welt_plugin plugin = {
    sizeof plugin, 0, WELT_ABI_MAJOR, WELT_ABI_MINOR, TEXT(PLUGIN_ID), TEXT("1.2.3"), TEXT("a test"), TEXT("MIT"), get_factory};

__attribute__((visibility("default"))) welt_status welt_plugin_entry(const welt_host* host, const welt_plugin** out,
                                                                     welt_error* error) {
  (void)error;
  if (host->abi_major != WELT_ABI_MAJOR) return WELT_FAILED_PRECONDITION;
  *out = &plugin;
  return WELT_OK;
}
