// What `welt render` was asked for, and its ways to answer.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/welt/renderers.h"

namespace welt {

struct RenderOptions {
  std::vector<std::string> texts, fonts;
  std::string out, sheet, pixels, processor, renderer = "freetype";
  std::int64_t block = 0, font_px = 0, scale = 1;  // 0: the plugin's default
  bool reference_compatible = false, as_json = false, as_jsonl = false;
};

// The renderer's configuration. `reference_compatible` goes only to a renderer that has such a key.
nlohmann::json config_of(const RenderOptions& options, const Renderers& renderers);

// Answers the requests of standard input.
void render_lines(const RenderOptions& options);

// Writes the texts as an image encoder gets them: input_images [N,3,Hpx,Wpx] float32, normalised and padded with zeros,
// and input_images_dimensions I64 [N,2].
void render_pixels(const RenderOptions& options);

// Draws data/sheet/scripts.tsv as a page: a row a script, its name, a text, and the words of it as the model sees them.
void render_sheet(const RenderOptions& options);

}  // namespace welt
