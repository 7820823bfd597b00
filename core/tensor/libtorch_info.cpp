// See libtorch_info.h.
#include "core/tensor/libtorch_info.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <link.h>
#include <torch/headeronly/version.h>

#include <string_view>

namespace welt {
namespace {

// The word behind `key` in `text`, up to a comma, a line end or a blank; "" when absent.
std::string word_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + key.size());
  return std::string(rest.substr(0, rest.find_first_of(", \n")));
}

int find_libtorch(dl_phdr_info* info, std::size_t, void* data) {
  if (!std::string_view(info->dlpi_name).ends_with("/libtorch_cpu.so")) return 0;
  *static_cast<std::filesystem::path*>(data) = info->dlpi_name;
  return 1;
}

}  // namespace

LibTorchInfo libtorch_info() {
  LibTorchInfo info;
  info.built_with = TORCH_VERSION;
  info.version = word_after(at::show_config(), "TORCH_VERSION=");
  if (info.version.empty()) info.version = info.built_with;
  dl_iterate_phdr(find_libtorch, &info.path);
  info.threads = at::get_num_threads();
  info.parallel_backend = word_after(at::get_parallel_info(), "ATen parallel backend: ");
  info.cpu_capability = at::get_cpu_capability();
  info.onednn = at::hasMKLDNN();
  return info;
}

}  // namespace welt
