// The one number that reading and writing of .safetensors share.
#pragma once

#include <cstdint>

namespace welt {

inline constexpr std::uint64_t safetensors_maximum_header = 100'000'000;  // as in the format's own implementation

}  // namespace welt
