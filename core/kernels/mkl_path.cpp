// See mkl_path.h.
#include "core/kernels/mkl_path.h"

#include <cstdlib>
#include <string_view>

#include "core/kernels/processor.h"

namespace welt {
namespace {

#if defined(__x86_64__)
// The compiler's runtime also asks whether the system keeps these registers.
bool has_instructions() {
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx512 || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
}
#else
bool has_instructions() { return false; }
#endif

MklPath decide() {
  const char* wanted = std::getenv("WELT_MKL_PATH");
  if (kernels::made_by_intel() || !has_instructions()) return MklPath::own;
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
  return welt::kernels::made_by_intel() || welt::mkl_path() == welt::MklPath::as_intel ? 1 : 0;
#else
  return 0;
#endif
}
