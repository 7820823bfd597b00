// See process_setup.h.
#include "apps/welt/process_setup.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace welt {
namespace {

constexpr const char *wait_name = "OMP_WAIT_POLICY", *spin_name = "GOMP_SPINCOUNT", *spin_count = "1000";
constexpr const char* spin_guard = "WELT_SET_SPINCOUNT";  // says who set it; a child process inherits both
constexpr int top_pad = 256 << 20;                        // bytes taken from the kernel at a time

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool user_tunes_malloc() { return environment("GLIBC_TUNABLES").find("glibc.malloc.") != std::string_view::npos; }

bool tuned = false;

// The hook. It runs before the C library is ready (environ is not set yet, setenv would be lost), so it calls nothing:
// it lets one pointer of the environment, which libc takes over as it is, say GOMP_SPINCOUNT instead of a variable that
// no library reads while it starts. finish_openmp_setup() puts that variable back.
char spin_assignment[] = "GOMP_SPINCOUNT=1000";
char** displaced_slot = nullptr;
char* displaced = nullptr;

#define WELT_BEFORE_LIBC __attribute__((no_sanitize("address", "undefined", "thread")))

WELT_BEFORE_LIBC bool names(const char* assignment, const char* name) {
  while (*name != 0 && *assignment == *name) ++assignment, ++name;
  return *name == 0 && *assignment == '=';
}

WELT_BEFORE_LIBC void limit_openmp_spinning(int, char**, char** environment) {
  char** harmless = nullptr;
  for (char** entry = environment; *entry != nullptr; ++entry) {
    if (names(*entry, wait_name) || names(*entry, spin_name)) return;
    for (const char* name : {"PWD", "OLDPWD", "SHLVL", "_", "PATH", "HOME", "TERM", "USER", "LOGNAME", "SHELL"}) {
      if (names(*entry, name)) harmless = entry;
    }
  }
  if (harmless == nullptr) return;
  displaced_slot = harmless;
  displaced = *harmless;
  *harmless = spin_assignment;
}

__attribute__((section(".preinit_array"), used)) void (*const before_all_libraries)(int, char**,
                                                                                    char**) = limit_openmp_spinning;

}  // namespace

void tune_allocator() {
  if (user_tunes_malloc()) return;
  tuned = mallopt(M_MMAP_MAX, 0) == 1 && mallopt(M_TRIM_THRESHOLD, -1) == 1 && mallopt(M_TOP_PAD, top_pad) == 1;
}

bool allocator_is_tuned() { return tuned || user_tunes_malloc(); }

std::string allocator_state() {
  std::string state = tuned                 ? "glibc malloc, tuned by welt (no mmap, no trim, 256 MB at a time)"
                      : user_tunes_malloc() ? "glibc malloc, tuned by GLIBC_TUNABLES"
                                            : "malloc as it comes";
  if (!environment("LD_PRELOAD").empty()) state += "; LD_PRELOAD may have replaced it";
  return state;
}

void bound_kernel_cache() { ::setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256", /*overwrite=*/0); }

void finish_openmp_setup(char** argv) {
  prctl(PR_SET_NAME, "welt");  // welt-main, or "exe" where a program is started anew
  if (displaced != nullptr) {
    *displaced_slot = displaced;
    setenv(spin_name, spin_count, 1);
    setenv(spin_guard, "1", 1);
    return;
  }
  if (std::getenv(wait_name) != nullptr || std::getenv(spin_name) != nullptr || std::getenv(spin_guard) != nullptr)
    return;
  if (setenv(spin_name, spin_count, 1) != 0 || setenv(spin_guard, "1", 1) != 0) return;
  execv("/proc/self/exe", argv);  // comes back only when /proc is not there: then the default spinning stays
  unsetenv(spin_name);
  unsetenv(spin_guard);
}

std::string openmp_waiting() {
  const bool ours = std::getenv(spin_guard) != nullptr && environment(spin_name) == spin_count;
  if (ours) return fmt::format("{}={} (set by welt)", spin_name, spin_count);
  std::string text;
  for (const char* name : {wait_name, spin_name}) {
    if (std::getenv(name) != nullptr) text += (text.empty() ? "" : ", ") + std::string(name) + "=" + std::getenv(name);
  }
  return text.empty() ? "libgomp's default: threads spin while they wait" : text + " (from the environment)";
}

}  // namespace welt
