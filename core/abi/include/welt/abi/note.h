/* The ELF note of a plugin: what the host must know *before* it opens the file.
 *
 * Section ".note.welt" (SHT_NOTE), owner name "welt", type 1, descriptor = welt_plugin_note. The build writes it
 * (welt_add_plugin), never the author. It survives strip, section garbage collection and link-time optimisation. Texts
 * are padded with zero bytes and always end in one. All integers little-endian. */
#ifndef WELT_ABI_NOTE_H
#define WELT_ABI_NOTE_H
#include "base.h"
#ifdef __cplusplus
extern "C" {
#endif

#define WELT_NOTE_OWNER "welt"
#define WELT_NOTE_TYPE 1u

#define WELT_KIND_TORCH_FREE 1u
#define WELT_KIND_TORCH_LINKED 2u

#define WELT_STRING_ABI_NEW 1u /* _GLIBCXX_USE_CXX11_ABI=1 */
#define WELT_STRING_ABI_OLD 2u
#define WELT_STRING_ABI_NONE 3u /* no C++ at all */

#define WELT_SANITIZER_ADDRESS 1u
#define WELT_SANITIZER_UNDEFINED 2u
#define WELT_SANITIZER_THREAD 4u

typedef struct welt_plugin_note {
  uint32_t struct_size;
  uint32_t reserved;
  uint32_t abi_major;        /* of the headers it was built with */
  uint32_t abi_minor_min;    /* the oldest minor of the host it can work with */
  uint32_t abi_minor_max;    /* the newest it knows */
  uint32_t kind;
  uint32_t libtorch_major;   /* 0 when torch-free */
  uint32_t libtorch_minor;
  uint32_t string_abi;
  uint32_t sanitizers;
  char id[64];
  char version[32];
  char sdk_version[32];
  char compiler[64];         /* "GNU 12.2.0" */
} welt_plugin_note;
WELT_CHECK_STRUCT(welt_plugin_note, 232);

#ifdef __cplusplus
}
#endif
#endif
