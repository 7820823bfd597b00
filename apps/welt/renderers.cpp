// See renderers.h.
#include "apps/welt/renderers.h"

#include <algorithm>
#include <cmath>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/plugin/schema.h"
#include "core/text/bytes.h"
#include "core/text/ink.h"

namespace welt {
namespace {

using nlohmann::json;

// A stretch of neighbouring glyphs of one font, without its glyphs; "NotoSansCJK-Regular.ttc#2" is a name and a face.
json run_of(const Renderer& renderer, std::uint32_t font) {
  if (font == WELT_RENDERER_NO_FONT) return {{"font", nullptr}, {"face", nullptr}, {"glyphs", json::array()}};
  std::string name = renderer.font_name(font);
  json face = nullptr;
  const std::size_t sign = name.rfind('#');
  if (sign != std::string::npos && sign + 1 < name.size() && name.size() - sign < 10 &&
      std::all_of(name.begin() + static_cast<std::ptrdiff_t>(sign) + 1, name.end(),
                  [](char c) { return c >= '0' && c <= '9'; })) {
    face = std::stoi(name.substr(sign + 1));
    name.resize(sign);
  }
  return {{"font", name}, {"face", face}, {"glyphs", json::array()}};
}

void add_glyphs(const Renderer& renderer, const std::vector<welt_renderer_glyph>& all, json& figures) {
  json glyphs = json::array(), runs = json::array();
  std::int64_t missing = 0;
  const welt_renderer_glyph* before = nullptr;
  for (const welt_renderer_glyph& glyph : all) {
    if (before == nullptr || before->font != glyph.font) runs.push_back(run_of(renderer, glyph.font));
    runs.back()["glyphs"].push_back(glyph.glyph);
    glyphs.push_back(glyph.glyph);
    if (glyph.font == WELT_RENDERER_NO_FONT) ++missing;
    before = &glyph;
  }
  figures["glyphs"] = std::move(glyphs);
  figures["runs"] = std::move(runs);
  figures["missing"] = missing;
}

}  // namespace

Renderers::Renderers(const std::string& name) : type_(&Registry::instance().find(WELT_RENDERER_INTERFACE, name)) {
  for (const SchemaKey& key : schema_keys(*type_)) keys_.push_back(key.name);
}

const Renderer& Renderers::get(const json& config) {
  const std::string key = json_text(config);
  const auto found = std::ranges::find(entries_, key, &Entry::key);
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
  } else {
    auto opened = std::make_unique<OpenRenderer>(*type_, config);
    if (entries_.size() == most) entries_.pop_back();
    entries_.push_front({key, std::move(opened)});
  }
  return entries_.front().opened->renderer;
}

bool Renderers::has_key(const std::string& key) const { return std::ranges::find(keys_, key) != keys_.end(); }

json Renderers::known_keys_of(json config) const {
  for (auto at = config.begin(); at != config.end();) at = has_key(at.key()) ? std::next(at) : config.erase(at);
  return config;
}

json figures_of(const Renderer& renderer, const std::string& text) {
  const GreyImage image = renderer.render(text);
  json out = {{"height", image.height},
              {"width", image.width},
              {"sha256", sha256(as_text(image.pixels))},
              {"ink", nullptr},
              {"mean_darkness", std::round(mean_darkness(image) * 1e6) / 1e6}};
  if (const auto box = ink_box(image)) out["ink"] = {box->left, box->top, box->right, box->bottom};
  if (const auto glyphs = renderer.glyphs(text)) add_glyphs(renderer, *glyphs, out);
  return out;
}

}  // namespace welt
