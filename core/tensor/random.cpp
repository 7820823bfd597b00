// See random.h.
#include "core/tensor/random.h"

#include <ATen/CPUGeneratorImpl.h>

#include <mutex>

#include "core/base/philox.h"

namespace welt {

void seed_default_generator(std::uint64_t seed, RandomPurpose purpose, std::uint64_t step, std::uint32_t micro_step,
                            std::uint32_t rank) {
  const std::uint64_t stream = philox64(seed, (std::uint64_t{rank} << 32) | static_cast<std::uint32_t>(purpose),
                                        (std::uint64_t{micro_step} << 48) ^ step);
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed(stream);
}

}  // namespace welt
