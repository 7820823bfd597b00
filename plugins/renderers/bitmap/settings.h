/* The configuration keys of the renderer "bitmap", and what they ask for. */
#pragma once
#include <welt/abi/config_schema.h>

#include "drawing.h"
#include "font_files.h"

extern const welt_config_schema_v1 bitmap_schema;

/* Checks the numbers, reads the files into `font`, which is empty, and adds them to `hash`. Null: done; else the key at
 * fault, and `problem` says why. */
const char* bitmap_read_settings(const welt_config* config, struct bitmap_page* page, struct bitmap_font* font,
                                 welt_sha256* hash, struct bitmap_problem* problem);
