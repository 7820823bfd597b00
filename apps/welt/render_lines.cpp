// `welt render --jsonl`: each request is a text and how to draw it, each answer what the image is.
#include "apps/welt/jsonl.h"
#include "apps/welt/render_options.h"
#include "core/base/error.h"

namespace welt {
namespace {

using nlohmann::json;

// The keys of a request that are the renderer's, laid over `config`.
json with_keys(json config, const json& request) {
  for (const char* key : {"block", "font_px"}) {
    if (request.contains(key) && !request.at(key).is_null()) config[key] = integer_field(request, key, 0);
  }
  return config;
}

// One answer for each configuration of the list, with the keys that say which.
json answer_each(Renderers& renderers, const json& config, const std::string& text, const json& list) {
  json answers = json::array();
  for (const json& one : list) {
    if (!one.is_object()) {
      fail({.where = "the field \"renders\"",
            .found = one.type_name(),
            .expected = "a list of objects {block, font_px}"});
    }
    json figures = figures_of(renderers.get(with_keys(config, one)), text);
    for (const char* key : {"block", "font_px"}) {
      if (one.contains(key)) figures[key] = one.at(key);
    }
    answers.push_back(std::move(figures));
  }
  return {{"renders", std::move(answers)}};
}

}  // namespace

void render_lines(const RenderOptions& options) {
  Renderers renderers(options.renderer);
  const json base = config_of(options, renderers);
  renderers.get(base);  // what the command line says is tried before the first request
  answer_lines([&](const json& request) {
    const std::string text = text_field(request, "text");
    const json keys = options_field(request, {"block", "font_px", "reference_compatible"});
    json config = with_keys(with_keys(base, request), keys);
    if (renderers.has_key("reference_compatible")) {
      config["reference_compatible"] = flag_field(keys, "reference_compatible", options.reference_compatible);
    }
    const auto list = request.find("renders");
    if (list == request.end() || list->is_null()) return figures_of(renderers.get(config), text);
    if (!list->is_array()) {
      fail({.where = "the field \"renders\"", .found = list->type_name(), .expected = "a list of {block, font_px}"});
    }
    return answer_each(renderers, config, text, *list);
  });
}

}  // namespace welt
