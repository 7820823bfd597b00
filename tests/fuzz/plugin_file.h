// The built plugins as the harnesses use them: opened by the host's own loader, from WELT_PLUGIN_DIR.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/plugin/registry.h"

namespace welt::fuzz {

// The component `name` of welt_<name>.plugin.so, or of this program.
inline const ComponentType& built_plugin(std::string_view role, const std::string& name) {
  // Never destroyed: components that live until the end point into it.
  static Registry& registry =
      *std::make_unique<Registry>(std::vector<std::filesystem::path>(), /*built_in=*/true).release();
  for (const ComponentType& type : registry.components())
    if (type.id == name) return type;
  registry.open(std::filesystem::path(WELT_PLUGIN_DIR) / ("welt_" + name + ".plugin.so"));
  return registry.find(role, name);
}

// Lets Registry::instance() find them, unless the environment says where it is to look.
inline void use_built_plugins() { ::setenv("WELT_PLUGIN_PATH", WELT_PLUGIN_DIR, /*overwrite=*/0); }

}  // namespace welt::fuzz
