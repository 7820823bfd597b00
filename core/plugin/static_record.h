/* What a plugin that is linked into a program leaves there in place of a file: its note and its entry.
 *
 * welt_add_plugin(… STATIC) writes one into each plugin's note source, and a pointer to it into the section
 * "welt_plugins"; static_plugins.cpp reads that section. So nothing lists the plugins of a program, and none of their
 * code runs before main(). C11 and C++20, as plugins are. */
#ifndef WELT_STATIC_RECORD_H
#define WELT_STATIC_RECORD_H
#include <welt/abi/note.h>
#include <welt/abi/plugin.h>

typedef struct welt_static_record {
  const char* name; /* welt_add_plugin's: the file would be welt_<name>.plugin.so */
  const welt_plugin_note* note;
  welt_plugin_entry_fn entry;
} welt_static_record;

#endif
