// What the tests of token tables share: the small models of tests/goldens/distill (make_distill.py made them), and
// reading a tensor of a file.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string_view>

#include "core/tensor/tensor_io.h"

namespace welt::test {

inline const std::filesystem::path distill_goldens = std::filesystem::path(WELT_TEST_DATA) / "distill";

inline at::Tensor tensor_of(const std::filesystem::path& file, std::string_view name) {
  const SafetensorsFile opened = SafetensorsFile::open(file);
  return copied_tensor(opened, *opened.find(name), at::kFloat);
}

}  // namespace welt::test
