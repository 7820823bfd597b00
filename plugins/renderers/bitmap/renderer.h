/* What create() makes: the font with its settings, behind welt.renderer/1. */
#pragma once
#include <welt/abi/renderer.h>

/* As welt_component_factory_v1's create(), with index and init checked. */
welt_status bitmap_make(const welt_config* config, uint32_t init, const welt_host* host, welt_component** out,
                        welt_error* error);
