// A table of token vectors out of a safetensors file of WordLlama (`embedding.weight`) or Model2Vec (`embeddings`).
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace welt::wordllama {

// Copies the first columns of the file's first rows into `table` [V, D], whatever its dtype. The file's table is F16 or
// F32; throws Failure naming the file where it is something else, cut off, or has fewer than D columns or another
// number of rows than V.
void read_table(const std::filesystem::path& file, const at::Tensor& table);

}  // namespace welt::wordllama
