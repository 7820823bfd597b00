// .safetensors files: any bytes are tensors that lie within the file, or an Error.
#include "core/base/safetensors.h"

#include "tests/fuzz/fuzz.h"

namespace {

using namespace welt;

// Reads every byte that the entry promises: a sanitizer, or the mapping's end, tells what leaves the file.
void check(const SafetensorsFile& file, const SafetensorsEntry& entry) {
  unsigned sum = 0;
  for (const std::byte byte : entry.data) sum += std::to_integer<unsigned>(byte);
  fuzz::require(file.find(entry.name) == &entry, "a tensor is found by its name");
  std::uint64_t bytes = safetensors_dtype_size(entry.dtype);
  if (bytes == 0) return;  // a type that is not read
  for (const std::int64_t extent : entry.shape) bytes *= static_cast<std::uint64_t>(extent);
  fuzz::require(bytes == entry.data.size() && sum <= 255 * bytes, "a tensor has the bytes that its shape takes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile bytes;
  bytes.put({reinterpret_cast<const char*>(data), size});
  fuzz::answers([&] {
    const SafetensorsFile file = SafetensorsFile::open(bytes.path());
    std::size_t total = 0;
    for (const SafetensorsEntry& entry : file.entries()) {
      check(file, entry);
      total += entry.data.size();
    }
    fuzz::require(total <= size, "no byte belongs to two tensors");
  });
  return 0;
}
