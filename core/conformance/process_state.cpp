// See process_state.h.
#include "core/conformance/process_state.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cfenv>
#include <cfloat>
#include <clocale>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace welt::conformance {
namespace {

namespace fs = std::filesystem;

std::string signal_handlers() {
  std::string text;
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_DFL) continue;
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", number, reinterpret_cast<const void*>(action.sa_handler));
  }
  return text.empty() ? "the defaults" : text;
}

std::string signal_mask() {
  sigset_t blocked;
  sigemptyset(&blocked);
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  std::string text;
  for (int number = 1; number < NSIG; ++number) {
    if (sigismember(&blocked, number) == 1) text += fmt::format("{}{}", text.empty() ? "" : " ", number);
  }
  return text.empty() ? "nothing" : text;
}

// Denormal numbers vanish where somebody has set the processor to flush them.
std::string small_numbers() {
  volatile double least = DBL_MIN;
  volatile double half = least / 2;
  volatile double back = half * 2;
  return half > 0 && back > 0 ? "kept" : "flushed to zero";
}

mode_t file_mask() {
  const mode_t mask = umask(0);
  umask(mask);
  return mask;
}

std::string environment() {
  std::size_t variables = 0, hash = 1469598103934665603u;  // FNV-1a
  for (char** each = environ; each != nullptr && *each != nullptr; ++each, ++variables) {
    for (const char* at = *each; *at != '\0'; ++at) hash = (hash ^ static_cast<unsigned char>(*at)) * 1099511628211u;
  }
  return fmt::format("{} variables, hash {:x}", variables, hash);
}

// Of the OpenMP that the process has loaded, if it has one: how many threads an operator of this thread may use.
std::string operator_threads() {
  void* const found = dlsym(RTLD_DEFAULT, "omp_get_max_threads");
  if (found == nullptr) return "no OpenMP";
  int (*threads)() = nullptr;
  std::memcpy(&threads, &found, sizeof threads);
  return std::to_string(threads());
}

}  // namespace

ProcessState ProcessState::now() {
  ProcessState state;
  const char* const locale = std::setlocale(LC_ALL, nullptr);
  std::error_code ignored;
  state.facts_ = {{"locale", locale == nullptr ? "" : locale},
                  {"locale of the thread", uselocale(nullptr) == LC_GLOBAL_LOCALE ? "the process's" : "its own"},
                  {"current directory", fs::current_path(ignored).string()},
                  {"signal handlers", signal_handlers()},
                  {"blocked signals", signal_mask()},
                  {"rounding mode", std::to_string(std::fegetround())},
                  {"trapped floating-point exceptions", std::to_string(fegetexcept())},
                  {"denormal numbers", small_numbers()},
                  {"umask", fmt::format("{:o}", file_mask())},
                  {"environment", environment()},
                  {"threads for operators (omp_get_max_threads)", operator_threads()}};
  return state;
}

std::string ProcessState::difference(const ProcessState& later) const {
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    const std::string &before = facts_[i].second, &after = later.facts_[i].second;
    if (before != after) return fmt::format("{} was {}, is now {}", facts_[i].first, before, after);
  }
  return {};
}

std::size_t threads_of_process() {
  std::error_code error;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/task", error), fs::directory_iterator()));
}

std::vector<std::string> open_files() {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator entry("/proc/self/fd", error), end; entry != end; entry.increment(error)) {
    const fs::path target = fs::read_symlink(entry->path(), error);
    if (error || target.string().find("/fd") != std::string::npos) continue;  // the listing itself
    files.push_back(fmt::format("{} ({})", entry->path().filename().string(), target.string()));
  }
  std::ranges::sort(files);
  return files;
}

std::size_t bytes_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace welt::conformance
