// See processor.h.
#include "core/kernels/processor.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace welt::kernels {

#if defined(__x86_64__)
namespace {

bool is_intel() {
  unsigned int eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return ebx == signature_INTEL_ebx && ecx == signature_INTEL_ecx && edx == signature_INTEL_edx;
}
bool has_tiles() {
  constexpr unsigned int bfloat16 = 1U << 22, tiles = 1U << 24;  // of leaf 7
  unsigned int eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & bfloat16) != 0 && (edx & tiles) != 0;
}

}  // namespace

// Asked once: a virtual machine leaves for its host to answer.
bool made_by_intel() {
  static const bool found = is_intel();
  return found;
}
bool has_amx() {
  static const bool found = has_tiles();
  return found;
}
#else
bool made_by_intel() { return false; }
bool has_amx() { return false; }
#endif

}  // namespace welt::kernels
