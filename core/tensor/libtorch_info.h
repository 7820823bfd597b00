// What the loaded LibTorch is and can do, as plain text and numbers. For `welt doctor` and run reports.
#pragma once

#include <filesystem>
#include <string>

namespace welt {

struct LibTorchInfo {
  std::string version;           // of the library that is loaded, "2.15.0"
  std::string built_with;        // of the headers welt was built with
  std::filesystem::path path;    // of libtorch_cpu.so as loaded; empty: not found out
  int threads = 1;               // within an operator
  std::string parallel_backend;  // "OpenMP", "native"
  std::string cpu_capability;    // the vector instructions its own kernels use: "AVX512", "AVX2", "DEFAULT"
  bool onednn = false;           // matrix products through oneDNN
};

LibTorchInfo libtorch_info();

}  // namespace welt
