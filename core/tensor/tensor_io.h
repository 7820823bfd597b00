// Tensors in .safetensors files: between core/base's torch-free reader and writer and at::Tensor.
//
// Called by checkpoints, Hugging Face sources and `welt component forward`. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/safetensors.h"

namespace welt {

// "F32" ↔ at::kFloat and so on; unknown: std::nullopt, and "".
std::optional<at::ScalarType> safetensors_scalar_type(std::string_view dtype);
std::string_view safetensors_dtype(at::ScalarType type);

// float32 | float64 | bfloat16 | float16, as recipes and options write them. Another name throws, naming the nearest.
at::ScalarType parse_float_dtype(std::string_view name, std::string_view where);
std::string_view float_dtype_name(at::ScalarType type);  // "": none of these

// The entry as a tensor over the file's mapping, without a copy: for reading only (writing to it is a fault), valid as
// long as the tensor lives. Copied where the file has put it at an address that its type forbids.
at::Tensor mapped_tensor(const SafetensorsFile& file, const SafetensorsEntry& entry);

// The entry in memory of its own, as `dtype` (undefined: as stored).
at::Tensor copied_tensor(const SafetensorsFile& file, const SafetensorsEntry& entry,
                         std::optional<at::ScalarType> dtype = {});

// Throws Error naming file and tensor unless every value of a buffer (running statistics) that was read is finite.
void require_finite(const at::Tensor& buffer, const std::filesystem::path& file, std::string_view name);

using NamedTensor = std::pair<std::string, at::Tensor>;

// Writes the tensors in this order, atomically (core/base/safetensors.h); layouts other than row-major are copied.
void save_tensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                  const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

// "[2, 9, 48]", for messages.
std::string shape_text(at::IntArrayRef shape);

}  // namespace welt
