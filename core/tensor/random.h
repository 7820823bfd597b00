// The default generator of the CPU, seeded so that a step's random numbers depend on nothing before it.
#pragma once

#include <cstdint>

namespace welt {

// What a stream of random numbers is for; every pair (purpose, index) has its own.
enum class RandomPurpose : std::uint32_t { initialise = 1, micro_step = 2 };

// Seeds LibTorch's default CPU generator from Philox(seed, purpose, step, micro_step, rank): resume needs no saved
// state.
void seed_default_generator(std::uint64_t seed, RandomPurpose purpose, std::uint64_t step = 0,
                            std::uint32_t micro_step = 0, std::uint32_t rank = 0);

}  // namespace welt
