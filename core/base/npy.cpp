// See npy.h.
#include "core/base/npy.h"

#include <fmt/format.h>

#include "core/base/atomic_file.h"

namespace welt {

std::string npy_header(std::array<std::int64_t, 2> shape, int value_bytes) {
  constexpr std::size_t alignment = 64, before = 10;  // magic string, version, length of the dictionary
  std::string dictionary =
      fmt::format("{{'descr': '<f{}', 'fortran_order': False, 'shape': ({}, {}), }}", value_bytes, shape[0], shape[1]);
  const std::size_t used = before + dictionary.size() + 1;
  dictionary.append((alignment - used % alignment) % alignment, ' ');
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dictionary.size() & 0xFF);
  header += static_cast<char>(dictionary.size() >> 8 & 0xFF);
  return header + dictionary;
}

void write_npy(const std::filesystem::path& path, std::array<std::int64_t, 2> shape, int value_bytes,
               const void* data) {
  const std::string header = npy_header(shape, value_bytes);
  AtomicFile out(path);
  out.write(header.data(), header.size());
  out.write(data, static_cast<std::size_t>(shape[0] * shape[1] * value_bytes));
  out.commit();
}

}  // namespace welt
