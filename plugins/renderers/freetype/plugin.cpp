// The component "freetype": see renderer.h.
#include <welt/sdk/plugin.hpp>
#include <welt/sdk/renderer.hpp>

#include "renderer.h"

WELT_PLUGIN(welt::sdk::PluginInfo("freetype", "0.1.0", "Words as images: HarfBuzz, FreeType, Noto fonts", "MIT"),
            welt::sdk::Renderer<welt::freetype::FreetypeRenderer>)
