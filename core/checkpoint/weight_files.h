// Writing the weights of a Hugging Face folder: one file, or several with an index.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace welt {

// A tensor that is made when it is written: memory is that of one file's tensors.
struct PlannedTensor {
  std::string name;
  std::int64_t bytes;                         // it takes in the file
  std::function<at::Tensor()> make;           // contiguous or not
  std::vector<std::string> other_names = {};  // of the same tensor, kept as metadata of its file
};

// model.safetensors; where that would be larger than `largest` bytes (0: never), model-00001-of-0000n.safetensors with
// model.safetensors.index.json, tensors in the order given, a file as many as fit in (one at least). Files are new:
// `folder` is one that nobody reads yet. Returns the number of files.
std::int64_t write_weight_files(const std::filesystem::path& folder, const std::vector<PlannedTensor>& tensors,
                                std::int64_t largest);

}  // namespace welt
