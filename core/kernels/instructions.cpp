// See instructions.h.
#include "core/kernels/instructions.h"

#include <cstdlib>
#include <string_view>

#include "core/base/error.h"

namespace welt::kernels {

#if defined(__x86_64__)
namespace avx2 {
extern const Kernels kernels;
}
namespace avx512 {
extern const Kernels kernels;
}
namespace avx512_bf16 {
extern const Kernels kernels;
}
#endif
namespace baseline {
extern const Kernels kernels;
}

namespace {

bool always() { return true; }
#if defined(__x86_64__)
// The compiler's runtime also asks whether the system keeps these registers.
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_avx512_bf16() { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }
#endif

std::string names() {
  std::string out = "off";
  for (const InstructionSet& set : instruction_sets()) out += std::string(", ") + set.name;
  return out;
}

const InstructionSet* choose() {
  const char* wanted = std::getenv("WELT_KERNELS");
  const std::string_view name = wanted == nullptr ? "" : wanted;
  if (name == "off") return nullptr;
  const InstructionSet* best = nullptr;
  bool known = name.empty();
  for (const InstructionSet& set : instruction_sets()) {
    if (set.available()) best = &set;
    if (name == set.name) {
      known = true;
      break;  // no more than that
    }
  }
  if (!known)
    fail({.where = "the environment variable WELT_KERNELS",
          .found = std::string(name),
          .expected = names(),
          .mend = {}});
  return best;
}

struct Choice {
  explicit Choice(const InstructionSet* chosen) : set(chosen), in_use(chosen == nullptr ? 0 : 1) {}
  std::atomic<const InstructionSet*> set;
  std::atomic<int> in_use;
};
Choice& choice() {
  static Choice made(choose());
  return made;
}

}  // namespace

const std::vector<InstructionSet>& instruction_sets() {
  static const std::vector<InstructionSet> sets {
    {"baseline", always, &baseline::kernels},
#if defined(__x86_64__)
        {"avx2", has_avx2, &avx2::kernels}, {"avx512", has_avx512, &avx512::kernels},
        {"avx512_bf16", has_avx512_bf16, &avx512_bf16::kernels},
#endif
  };
  return sets;
}

const InstructionSet* chosen_instructions() { return choice().set.load(std::memory_order_relaxed); }
const std::atomic<int>& kernels_in_use() { return choice().in_use; }
void choose_instructions(const InstructionSet* set) {
  choice().set.store(set, std::memory_order_relaxed);
  choice().in_use.store(set == nullptr ? 0 : 1, std::memory_order_relaxed);
}

}  // namespace welt::kernels
