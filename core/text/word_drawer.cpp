// See word_drawer.h.
#include "core/text/word_drawer.h"

#include "core/base/context.h"

namespace welt {

WordDrawer::WordDrawer(const ComponentType& type, const nlohmann::json& config, std::string_view where,
                       std::size_t cache_bytes)
    : component_(with_context(
          where, [&] { return Component(type, ConfigView(type, config, /*strict=*/true, where), WELT_INIT_RANDOM); })),
      renderer_(component_),
      cache_(renderer_, cache_bytes) {}

}  // namespace welt
