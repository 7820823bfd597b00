// Renderers of one plugin, opened with the configurations that a verb's options and requests ask for.
#pragma once

#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/plugin/registry.h"
#include "core/text/renderer.h"

namespace welt {

// A component with its wrapper.
struct OpenRenderer {
  OpenRenderer(const ComponentType& type, const nlohmann::json& config)
      : component(type, ConfigView(type, config, /*strict=*/true, "render"), WELT_INIT_NONE), renderer(component) {}
  Component component;
  Renderer renderer;
};

// One thread. Keeps the `most` configurations used last: opening one costs about 0.1 s, for fonts are hashed.
class Renderers {
 public:
  // `name`: a plugin's component, or the path of a plugin file. Throws Error.
  explicit Renderers(const std::string& name);

  // The renderer with this configuration, which is checked strictly; valid until `most` others have been asked for.
  const Renderer& get(const nlohmann::json& config);

  bool has_key(const std::string& key) const;
  // `config` without the keys that the plugin does not have.
  nlohmann::json known_keys_of(nlohmann::json config) const;

  static constexpr std::size_t most = 8;

 private:
  struct Entry {
    std::string key;
    std::unique_ptr<OpenRenderer> opened;
  };
  const ComponentType* type_;
  std::vector<std::string> keys_;
  std::list<Entry> entries_;  // the one used last first
};

// {height, width, sha256, ink, mean_darkness} of the image of `text` and, where the renderer lists them, {glyphs, runs,
// missing}. sha256 is that of the pixels: a byte each, 0 black to 255 white, row by row.
nlohmann::json figures_of(const Renderer& renderer, const std::string& text);

}  // namespace welt
