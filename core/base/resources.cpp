// See resources.h.
#include "core/base/resources.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

namespace welt {
namespace {

namespace fs = std::filesystem;

// A number in a file; no file, or a word ("max"): none.
std::int64_t number_in(const fs::path& file) {
  std::ifstream in(file);
  std::int64_t number = 0;
  return in >> number ? number : std::numeric_limits<std::int64_t>::max();
}

std::int64_t machine_available() {
  std::ifstream in("/proc/meminfo");
  std::string name, unit;
  for (std::int64_t kilobytes = 0; in >> name >> kilobytes; std::getline(in, unit))
    if (name == "MemAvailable:") return kilobytes * 1024;
  return 0;
}

}  // namespace

std::int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

std::int64_t available_memory() {
  std::int64_t available = machine_available();
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    const fs::path root = "/sys/fs/cgroup";
    for (fs::path group = line.substr(4);; group = group.parent_path()) {
      const std::int64_t limit = number_in(root / group / "memory.max");
      if (limit != std::numeric_limits<std::int64_t>::max()) {
        // Files in the page cache count as used, but give way.
        const std::int64_t used = number_in(root / group / "memory.current");
        std::int64_t cached = 0;
        std::ifstream statistics(root / group / "memory.stat");
        std::string name;
        for (std::int64_t value = 0; statistics >> name >> value;)
          if (name == "file") cached = value;
        if (used != std::numeric_limits<std::int64_t>::max())
          available = std::min(available, std::max<std::int64_t>(limit - used + cached, 1));
      }
      if (group.empty()) break;
    }
  }
  return available;
}

}  // namespace welt
