// The token table in the weights of a model, whatever its class: found by its shape and its name.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace welt {

struct Codebook {
  std::filesystem::path file;
  std::string tensor;
  at::Tensor rows;  // [V, D], mapped: read-only, as it is stored
};

// `from`: a safetensors file, a folder with some (an index, or shards without one), or a name in Hugging Face's cache.
// `tensor`: its name; "": the floating matrix with `least_rows` rows or a few more that is no head and no table of
// positions. Throws Error naming the folder: there is none, or there are several to choose from.
Codebook find_codebook(const std::string& from, const std::string& tensor, std::int64_t least_rows);

// The folder that `from` is or is in, where its tokenizer lies.
std::filesystem::path folder_of(const std::string& from);

}  // namespace welt
