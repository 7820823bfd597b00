// Writing NumPy's .npy files, version 1.0 of the format: one matrix of numbers, little-endian, in C order. Torch-free.
// Used by `welt embed` and `welt text embed`.
// Format: numpy.lib.format (a magic string, a version, a little-endian header length, a Python dictionary as text).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace welt {

class SpoolFile;

// What stands before the data of a [rows, columns] matrix: a multiple of 64 bytes long. `type` as NumPy writes it:
// "<f4", "<f8", "<u8".
std::string npy_header(std::array<std::int64_t, 2> shape, std::string_view type);

// The whole file, atomically; `values`: those of the matrix, row by row. Throws Error naming the path.
void write_npy(const std::filesystem::path& path, std::array<std::int64_t, 2> shape, std::string_view type,
               const SpoolFile& values);

}  // namespace welt
