// See machine.h.
#include "apps/welt/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace welt {
namespace {

constexpr const char* known_features[] = {"avx2",     "fma",         "f16c",        "avx512f",  "avx512bw",
                                          "avx512vl", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16",
                                          "amx_int8", "asimd",       "bf16",        "i8mm",     "sve"};

// The text behind the colon of the first line that starts with `key`.
std::string line_value(const char* file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return {};
}

std::uint64_t meminfo_bytes(std::string_view key) {
  return std::strtoull(line_value("/proc/meminfo", key).c_str(), nullptr, 10) * 1024;
}

std::string first_line(const char* file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// "max 100000" or "150000 100000": quota and period in microseconds.
double cgroup_cores() {
  std::istringstream line(first_line("/sys/fs/cgroup/cpu.max"));
  double quota = 0, period = 0;
  return line >> quota >> period && period > 0 ? quota / period : 0;
}

}  // namespace

bool Machine::has(const char* feature) const { return std::ranges::find(features, feature) != features.end(); }

Machine inspect_machine() {
  Machine machine;
  machine.cpu = line_value("/proc/cpuinfo", "model name");
  std::string flags = line_value("/proc/cpuinfo", "flags");
  if (flags.empty()) flags = line_value("/proc/cpuinfo", "Features");
  std::istringstream words(flags);
  std::vector<std::string> all;
  for (std::string word; words >> word;) all.push_back(word);
  for (const char* feature : known_features) {
    if (std::ranges::find(all, feature) != all.end()) machine.features.emplace_back(feature);
  }
  machine.logical_cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t cores;
  machine.usable_cores = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : machine.logical_cores;
  machine.core_limit = cgroup_cores();
  machine.memory = meminfo_bytes("MemTotal");
  machine.memory_available = meminfo_bytes("MemAvailable");
  machine.memory_limit = std::strtoull(first_line("/sys/fs/cgroup/memory.max").c_str(), nullptr, 10);
  double load = 0;
  if (getloadavg(&load, 1) == 1) machine.load = load;
  return machine;
}

std::uint64_t free_disk(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::path place = std::filesystem::absolute(folder, error);
  while (!std::filesystem::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  const auto space = std::filesystem::space(place, error);
  return error ? 0 : space.available;
}

}  // namespace welt
