/* The way in for plugins in plain C11, written once; plugin.hpp is its sister for C++.
 *
 *   #include <welt/sdk/plugin.h>
 *   WELT_C_FACTORY(factory, descriptor, schema, make);
 *   WELT_C_PLUGIN("spaces", "0.1.0", "Words end behind spaces", "MIT", factory)
 *
 * Descriptor, schema, component and the table of its role are written by hand, as welt/abi's headers have them: the ABI
 * is all there is between the plugin and the host. A file with several components writes its own factory too.
 * Functions here are [any]; they allocate nothing and keep nothing. */
#ifndef WELT_SDK_PLUGIN_H
#define WELT_SDK_PLUGIN_H
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <welt/abi/config_schema.h>
#include <welt/abi/error.h>
#include <welt/abi/plugin.h>
#include <welt/sdk/entry.h>

/* Initialises a welt_string from a literal. */
#define WELT_TEXT(literal) \
  { literal, sizeof(literal) - 1 }

/* A null-terminated text, borrowed. */
static inline welt_string welt_text(const char* text) {
  const welt_string out = {text, (uint64_t)strlen(text)};
  return out;
}

/* Is `a` this text? */
static inline int welt_same(welt_string a, const char* b) {
  return a.size == strlen(b) && (a.size == 0 || memcmp(a.data, b, a.size) == 0);
}

/* Says why a call fails, and gives `status` back to return it: `source` is the plugin's id, `key` the config key or
 * tensor concerned or "", the message what was found and what is expected. At most 511 bytes of it are kept. `error`
 * may be null; `host` is the one that create() was given, so a component keeps it. */
__attribute__((format(printf, 6, 7))) static inline welt_status welt_fail(const welt_host* host, welt_error* error,
                                                                          welt_status status, const char* source,
                                                                          const char* key, const char* format, ...) {
  char message[512];
  va_list values;
  va_start(values, format);
  vsnprintf(message, sizeof message, format, values);
  va_end(values);
  const welt_error_service* errors = NULL;
  if (host != NULL && WELT_HAS(host, get_service) && host->get_service != NULL)
    errors = (const welt_error_service*)host->get_service(host, welt_text(WELT_ERROR_SERVICE));
  if (errors != NULL) errors->set(error, status, welt_text(message), welt_text(source), welt_text(key));
  return status;
}

/* The entry's body: the same pointer each time, the smaller minor wins, another major is refused. */
static inline welt_status welt_c_enter(welt_plugin* plugin, const welt_host* host, const welt_plugin** out,
                                       welt_error* error) {
  if (host == NULL || out == NULL || !WELT_HAS(host, abi_minor))
    return welt_fail(host, error, WELT_INVALID_ARGUMENT, plugin->id.data, "",
                     "the entry needs a host table with its ABI version, and a place for the plugin's table");
  if (host->abi_major != WELT_ABI_MAJOR) {
    return welt_fail(host, error, WELT_FAILED_PRECONDITION, plugin->id.data, "",
                     "built for welt ABI %u.x, but the host speaks %u.%u; rebuild the plugin with the host's SDK",
                     WELT_ABI_MAJOR, host->abi_major, host->abi_minor);
  }
  plugin->abi_minor = host->abi_minor < WELT_ABI_MINOR ? host->abi_minor : WELT_ABI_MINOR;
  *out = plugin;
  return WELT_OK;
}

/* Defines `factory`, a static welt_component_factory_v1 with one component. `descriptor` and `schema` are static
 * objects (a welt_component_descriptor, a welt_config_schema_v1); `make` is welt_status make(const welt_config* config,
 * uint32_t init, const welt_host* host, welt_component** out, welt_error* error); config, host and *out as create() has
 * them in welt/abi/plugin.h; index and init have been checked. */
#define WELT_C_FACTORY(factory, descriptor_object, schema_object, make)                                               \
  static uint64_t welt_c_count(void) { return 1; }                                                                    \
  static const welt_component_descriptor* welt_c_descriptor(uint64_t index) {                                         \
    return index == 0 ? &(descriptor_object) : NULL;                                                                  \
  }                                                                                                                   \
  static const void* welt_c_interface(uint64_t index, welt_string id) {                                               \
    return index == 0 && welt_same(id, WELT_CONFIG_SCHEMA_INTERFACE) ? &(schema_object) : NULL;                       \
  }                                                                                                                   \
  static welt_status welt_c_create(uint64_t index, const welt_config* config, uint32_t init, const welt_host* host,   \
                                   welt_component** out, welt_error* error) {                                         \
    const char* source = (descriptor_object).id.data;                                                                 \
    if (index != 0) return welt_fail(host, error, WELT_OUT_OF_RANGE, source, "", "there is one component, number 0"); \
    if (init != WELT_INIT_NONE && init != WELT_INIT_RANDOM)                                                           \
      return welt_fail(host, error, WELT_INVALID_ARGUMENT, source, "",                                                \
                       "init is %u; expected WELT_INIT_NONE or WELT_INIT_RANDOM", init);                              \
    return make(config, init, host, out, error);                                                                      \
  }                                                                                                                   \
  static const welt_component_factory_v1 factory = {.struct_size = sizeof(welt_component_factory_v1),                 \
                                                    .count = welt_c_count,                                            \
                                                    .descriptor = welt_c_descriptor,                                  \
                                                    .get_interface = welt_c_interface,                                \
                                                    .create = welt_c_create}

/* Defines the plugin's table and its exported entry. All texts are literals; id and version are those of the note,
 * which welt_add_plugin() hands over as WELT_PLUGIN_ID and WELT_PLUGIN_VERSION. `factory` is a static
 * welt_component_factory_v1. */
#define WELT_C_PLUGIN(plugin_id, plugin_version, plugin_description, plugin_license, factory)              \
  static const void* welt_c_get_factory(welt_string id) {                                                  \
    return welt_same(id, WELT_COMPONENT_FACTORY) ? &(factory) : NULL;                                      \
  }                                                                                                        \
  WELT_EXTERN_C WELT_SDK_EXPORT welt_status WELT_SDK_ENTRY(const welt_host* host, const welt_plugin** out, \
                                                           welt_error* error);                             \
  welt_status WELT_SDK_ENTRY(const welt_host* host, const welt_plugin** out, welt_error* error) {          \
    static welt_plugin plugin = {.struct_size = sizeof(welt_plugin),                                       \
                                 .abi_major = WELT_ABI_MAJOR,                                              \
                                 .id = WELT_TEXT(plugin_id),                                               \
                                 .version = WELT_TEXT(plugin_version),                                     \
                                 .description = WELT_TEXT(plugin_description),                             \
                                 .license = WELT_TEXT(plugin_license),                                     \
                                 .get_factory = welt_c_get_factory};                                       \
    return welt_c_enter(&plugin, host, out, error);                                                        \
  }

#endif
