/* How the exported function is called, for plugin.hpp (C++) and plugin.h (C): nothing that an author needs.
 *
 * Linked statically (WELT_PLUGIN_STATIC_NAME=words), the entry is called words_welt_plugin_entry and nothing is
 * exported. */
#ifndef WELT_SDK_ENTRY_H
#define WELT_SDK_ENTRY_H

#define WELT_SDK_JOIN_(a, b) a##_##b
#define WELT_SDK_JOIN(a, b) WELT_SDK_JOIN_(a, b)
#ifdef WELT_PLUGIN_STATIC_NAME
#define WELT_SDK_ENTRY WELT_SDK_JOIN(WELT_PLUGIN_STATIC_NAME, welt_plugin_entry)
#define WELT_SDK_EXPORT
#else
#define WELT_SDK_ENTRY welt_plugin_entry
#define WELT_SDK_EXPORT __attribute__((visibility("default")))
#endif

#endif
