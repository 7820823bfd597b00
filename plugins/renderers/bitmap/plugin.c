/* The component "bitmap": see renderer.h. */
#include <welt/sdk/plugin.h>

#include "renderer.h"
#include "settings.h"

static const welt_string roles[] = {WELT_TEXT(WELT_RENDERER_INTERFACE)};
static const welt_component_descriptor descriptor = {
    .struct_size = sizeof descriptor,
    .id = WELT_TEXT("bitmap"),
    .description = WELT_TEXT("GNU Unifont's glyphs side by side, without shaping"),
    .roles = {roles, 1},
};

WELT_C_FACTORY(factory, descriptor, bitmap_schema, bitmap_make);
WELT_C_PLUGIN(WELT_PLUGIN_ID, WELT_PLUGIN_VERSION, "Words as images: GNU Unifont, without shaping", "MIT", factory)
