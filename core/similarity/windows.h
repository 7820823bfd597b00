// A text in chunks of a size that is counted in tokens, characters or bytes, each repeating the end of the one before.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/similarity/static_embedding.h"

namespace welt::similarity {

enum class Unit { tokens, characters, bytes };

struct WindowOptions {
  Unit unit = Unit::characters;
  std::int64_t size = 1536;  // of a chunk at most
  std::int64_t overlap = 0;  // of what it repeats at most; below the size
};

struct Window {
  std::size_t begin, end;  // bytes of the text
};

// Chunks cover the text and none is longer than the size: of tokens that is what the chunk alone is cut into. Cuts are
// behind white space, else between clusters, else between characters. Throws Error for sizes that do not fit, and for a
// character that is larger than the size.
std::vector<Window> windows(const StaticEmbedding& embedding, std::string_view text, const WindowOptions& options);

}  // namespace welt::similarity
