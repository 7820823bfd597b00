// Static embeddings that are not on this machine, from the hub into its cache (docs/hub.md). Used by `welt text`.
#pragma once

#include <string>

namespace welt {

// `name`: a published one (core/similarity/published_embeddings.h), or "org/name[@revision]". False where it is no
// such name, or nothing may be asked of a network. Throws Error with what the hub answered.
bool download_embedding(const std::string& name);

}  // namespace welt
