// See blocks.h.
#include "core/data/blocks.h"

#include <welt/abi/plugin.h>

#include "core/base/error.h"
#include "core/plugin/registry.h"

namespace welt {

void check_blocks(std::int64_t blocks, const ComponentType& latent, std::string_view where) {
  if (blocks == 0 || (latent.flags & WELT_COMPONENT_STRICTLY_CAUSAL) == 0) return;
  fail({std::string(where),
        fmt::format("{} from SO (0E) to SI (0F), whose words see each other",
                    blocks == 1 ? "a block" : fmt::format("{} blocks", blocks)),
        fmt::format("none, for {} never looks ahead", latent.id),
        "Take SO and SI out of the text, or take another plugin"});
}

}  // namespace welt
