// See npy.h.
#include "core/base/npy.h"

#include <fmt/format.h>

#include "core/base/atomic_file.h"
#include "core/base/spool_file.h"

namespace welt {

std::string npy_header(std::array<std::int64_t, 2> shape, std::string_view type) {
  constexpr std::size_t alignment = 64, before = 10;  // magic string, version, length of the dictionary
  std::string dictionary =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}", type, shape[0], shape[1]);
  const std::size_t used = before + dictionary.size() + 1;
  dictionary.append((alignment - used % alignment) % alignment, ' ');
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dictionary.size() & 0xFF);
  header += static_cast<char>(dictionary.size() >> 8 & 0xFF);
  return header + dictionary;
}

void write_npy(const std::filesystem::path& path, std::array<std::int64_t, 2> shape, std::string_view type,
               const SpoolFile& values) {
  const std::string header = npy_header(shape, type);
  AtomicFile out(path);
  out.write(header.data(), header.size());
  values.copy_to(out);
  out.commit();
}

}  // namespace welt
