/* See settings.h. */
#include "settings.h"

#include <string.h>
#include <welt/sdk/plugin.h>

enum { largest_block = 1024, widest_image = 1 << 20 }; /* pixels */
static const int64_t most_pixels = 1 << 26;            /* of one image; the host takes no more */

/* Where Debian's package unifont puts them. */
static const char usual_font[] = "/usr/share/unifont/unifont.hex";
static const char usual_marks[] = "/usr/share/unifont/plane00-combining.txt";

static const welt_config_key keys[] = {
    {.struct_size = sizeof keys[0],
     .name = WELT_TEXT("block"),
     .type = WELT_VALUE_INTEGER,
     .default_json = WELT_TEXT("16"),
     .minimum = bitmap_height,
     .maximum = largest_block,
     .help = WELT_TEXT("height of every image, and what its width is a multiple of; pixels")},
    {.struct_size = sizeof keys[0],
     .name = WELT_TEXT("max_width"),
     .type = WELT_VALUE_INTEGER,
     .default_json = WELT_TEXT("32768"),
     .minimum = bitmap_height,
     .maximum = widest_image,
     .help = WELT_TEXT("widest image; pixels. Of a wider word the beginning is drawn")},
    {.struct_size = sizeof keys[0],
     .name = WELT_TEXT("fonts"),
     .type = WELT_VALUE_LIST,
     .flags = WELT_CONFIG_NULLABLE,
     .default_json = WELT_TEXT("null"),
     .help = WELT_TEXT("files of glyphs as unifont.hex, the first that has a character draws it; null: GNU Unifont's")},
    {.struct_size = sizeof keys[0],
     .name = WELT_TEXT("marks"),
     .type = WELT_VALUE_LIST,
     .flags = WELT_CONFIG_NULLABLE,
     .default_json = WELT_TEXT("null"),
     .help = WELT_TEXT("files that say which characters are drawn over the one before, as plane00-combining.txt; null: "
                       "GNU Unifont's")},
};
const welt_config_schema_v1 bitmap_schema = {.struct_size = sizeof bitmap_schema,
                                             .keys = keys,
                                             .count = sizeof keys / sizeof keys[0],
                                             .key_size = sizeof keys[0]};

static welt_value value_of(const welt_config* config, const char* key) {
  welt_value value = {.struct_size = sizeof value};
  config->get(config, welt_text(key), &value);
  return value;
}

static int read_block(struct bitmap_page* page, const welt_config* config, struct bitmap_problem* problem) {
  page->block = value_of(config, "block").integer;
  return (page->block >= bitmap_height && page->block <= largest_block) ||
         bitmap_refuse(problem, "block is %lld pixels; expected %d to %d", (long long)page->block, (int)bitmap_height,
                       (int)largest_block);
}

static int read_max_width(struct bitmap_page* page, const welt_config* config, struct bitmap_problem* problem) {
  const int64_t wanted = value_of(config, "max_width").integer, in_host = most_pixels / page->block;
  const int64_t widest = in_host < widest_image ? in_host : widest_image;
  page->max_width = wanted - wanted % page->block;
  return (wanted >= page->block && wanted <= widest) ||
         bitmap_refuse(problem, "max_width is %lld pixels; expected %lld, a block, to %lld", (long long)wanted,
                       (long long)page->block, (long long)widest);
}

typedef int read_font_file(struct bitmap_font* font, const char* path, welt_sha256* hash,
                           struct bitmap_problem* problem);

/* The files that `key` lists, or the usual one where it is null. */
static int read_files(struct bitmap_font* font, const welt_config* config, const char* key, const char* usual,
                      read_font_file* read, welt_sha256* hash, struct bitmap_problem* problem) {
  const welt_value list = value_of(config, key);
  if (list.type != WELT_VALUE_LIST) return read(font, usual, hash, problem);
  for (uint64_t i = 0; i < list.count; ++i) {
    char element[32], path[1024];
    snprintf(element, sizeof element, "%s.%llu", key, (unsigned long long)i);
    const welt_value name = value_of(config, element);
    if (name.type != WELT_VALUE_STRING || name.string.size == 0 || name.string.size >= sizeof path ||
        memchr(name.string.data, '\0', name.string.size) != NULL)
      return bitmap_refuse(problem, "%s is no file's path; expected a text of 1 to %d bytes", element,
                           (int)sizeof path - 1);
    memcpy(path, name.string.data, name.string.size);
    path[name.string.size] = '\0';
    if (!read(font, path, hash, problem)) return 0;
  }
  return 1;
}

const char* bitmap_read_settings(const welt_config* config, struct bitmap_page* page, struct bitmap_font* font,
                                 welt_sha256* hash, struct bitmap_problem* problem) {
  if (!read_block(page, config, problem)) return "block";
  if (!read_max_width(page, config, problem)) return "max_width";
  if (!read_files(font, config, "fonts", usual_font, bitmap_read_glyphs, hash, problem)) return "fonts";
  if (font->count == 0) {
    bitmap_refuse(problem, "no file of fonts has a glyph; expected lines as in unifont.hex, or null for GNU Unifont's");
    return "fonts";
  }
  if (!read_files(font, config, "marks", usual_marks, bitmap_read_marks, hash, problem)) return "marks";
  return NULL;
}
