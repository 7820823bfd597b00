/* What a bad plugin needs to get as far as it should: a note of its own making, and an exported entry. */
#ifndef WELT_TESTS_FAKE_H
#define WELT_TESTS_FAKE_H
#include <string.h>
#include <welt/abi/note.h>
#include <welt/abi/plugin.h>

#define FAKE_NOTE(plugin_id, major, minor, kind, torch_major, torch_minor, strings, sanitizers)                      \
  static const struct {                                                                                              \
    uint32_t owner_size, descriptor_size, type;                                                                      \
    char owner[8];                                                                                                   \
    welt_plugin_note descriptor;                                                                                     \
  } note __attribute__((section(".note.welt"), used, aligned(4))) = {                                                \
      sizeof WELT_NOTE_OWNER, sizeof(welt_plugin_note), WELT_NOTE_TYPE, WELT_NOTE_OWNER,                             \
      {sizeof(welt_plugin_note), 0, major, minor, minor, kind, torch_major, torch_minor, strings, sanitizers, plugin_id, \
       "1.0.0", "0.1.0", "by hand"}}
#define FAKE_FREE_NOTE(plugin_id) \
  FAKE_NOTE(plugin_id, WELT_ABI_MAJOR, WELT_ABI_MINOR, WELT_KIND_TORCH_FREE, 0, 0, WELT_STRING_ABI_NONE, 0)

#define FAKE_EXPORT __attribute__((visibility("default")))
#define FAKE_ENTRY                                                                                       \
  FAKE_EXPORT welt_status welt_plugin_entry(const welt_host* host, const welt_plugin** out, welt_error* error)
/* An entry that must never be called: the file is refused before. */
#define FAKE_UNREACHED_ENTRY                 \
  FAKE_ENTRY {                               \
    (void)host, (void)out, (void)error;      \
    __builtin_trap();                        \
  }
#endif
