// Writing NumPy's .npy files, version 1.0 of the format: one matrix of floating-point numbers, little-endian, in C
// order. Torch-free. Used by `welt embed`.
// Format: numpy.lib.format (a magic string, a version, a little-endian header length, a Python dictionary as text).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

namespace welt {

// What stands before the data of a [rows, columns] matrix: a multiple of 64 bytes long. `value_bytes`: 4 or 8.
std::string npy_header(std::array<std::int64_t, 2> shape, int value_bytes);

// The whole file, atomically; `data`: rows · columns · value_bytes bytes. Throws Error naming the path.
void write_npy(const std::filesystem::path& path, std::array<std::int64_t, 2> shape, int value_bytes, const void* data);

}  // namespace welt
