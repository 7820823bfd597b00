// Everything that draws words for a model: the renderer component, its wrapper, and the cache of images. One for a run.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/plugin/registry.h"
#include "core/text/image_cache.h"
#include "core/text/renderer.h"

namespace welt {

// [concurrent]
class WordDrawer {
 public:
  // Throws Error with the renderer's own message (missing fonts), starting with `where`.
  WordDrawer(const ComponentType& type, const nlohmann::json& config, std::string_view where, std::size_t cache_bytes);

  std::shared_ptr<const GreyImage> draw(std::string_view word) { return cache_.get(word); }
  std::int64_t block() const { return renderer_.block(); }
  const std::string& fingerprint() const { return renderer_.fingerprint(); }

 private:
  Component component_;
  Renderer renderer_;
  ImageCache cache_;
};

}  // namespace welt
