// Facts about this machine for `welt doctor`, read from /proc and /sys. Nothing here needs LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace welt {

struct Machine {
  std::string cpu;                    // "Intel(R) Xeon(R) …"
  std::vector<std::string> features;  // those that matter here and are there: avx2, avx512f, amx_bf16, …
  int logical_cores = 0;              // of the machine
  int usable_cores = 0;               // this process may use (affinity)
  double core_limit = 0;              // CPUs a control group grants; 0: no limit
  std::uint64_t memory = 0, memory_available = 0, memory_limit = 0;  // bytes; limit 0: none
  double load = 0;                                                   // of the last minute: processes that want a core
  bool has(const char* feature) const;
};
Machine inspect_machine();

// Free bytes on the file system that `folder` is on, or will be (its nearest existing parent).
std::uint64_t free_disk(const std::filesystem::path& folder);

}  // namespace welt
