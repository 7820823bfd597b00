// Inside sdk/nn only: a shape in a message.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace welt::nn {

inline std::string shape_text(at::IntArrayRef sizes) {
  std::string out = "[";
  for (const std::int64_t size : sizes) out += (out.size() == 1 ? "" : ", ") + std::to_string(size);
  return out + "]";
}

}  // namespace welt::nn
