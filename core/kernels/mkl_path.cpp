// See mkl_path.h.
#include "core/kernels/mkl_path.h"

#include <cstdlib>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace welt {
namespace {

#if defined(__x86_64__)
bool is_intel() {
  unsigned int eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return ebx == signature_INTEL_ebx && ecx == signature_INTEL_ecx && edx == signature_INTEL_edx;
}
// The compiler's runtime also asks whether the system keeps these registers.
bool has_instructions() {
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx512 || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
}
#else
bool is_intel() { return false; }
bool has_instructions() { return false; }
#endif

MklPath decide() {
  const char* wanted = std::getenv("WELT_MKL_PATH");
  if (is_intel() || !has_instructions()) return MklPath::own;
  return wanted != nullptr && std::string_view(wanted) == "vendor" ? MklPath::vendor : MklPath::as_intel;
}

}  // namespace

MklPath mkl_path() {
  static const MklPath path = decide();
  return path;
}

const char* mkl_path_text(MklPath path) {
  switch (path) {
    case MklPath::own:
      return "its own choice";
    case MklPath::as_intel:
      return "that of Intel's processors";
    case MklPath::vendor:
      return "that of other makers' processors (WELT_MKL_PATH=vendor)";
  }
  return "";
}

}  // namespace welt

// Asked by MKL before its first product.
extern "C" __attribute__((visibility("default"))) int mkl_serv_intel_cpu_true() {
#if defined(__x86_64__)
  return welt::is_intel() || welt::mkl_path() == welt::MklPath::as_intel ? 1 : 0;
#else
  return 0;
#endif
}
