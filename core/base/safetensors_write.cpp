// Writing .safetensors: see safetensors.h.
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/safetensors.h"
#include "core/base/safetensors_header.h"

namespace welt {
namespace {

std::uint64_t byte_size(const std::string& file, const SafetensorsTensor& tensor) {
  const std::string where = fmt::format("{}: tensor \"{}\"", file, tensor.name);
  std::uint64_t bytes = safetensors_dtype_size(tensor.dtype);
  if (bytes == 0) fail({where, fmt::format("dtype \"{}\" cannot be written", tensor.dtype)}, ErrorCode::internal);
  for (const std::int64_t size : tensor.shape) {
    if (size < 0 || (size > 0 && bytes > std::numeric_limits<std::uint64_t>::max() / static_cast<std::uint64_t>(size)))
      fail({where, fmt::format("shape [{}] cannot be written", fmt::join(tensor.shape, ", "))}, ErrorCode::internal);
    bytes *= static_cast<std::uint64_t>(size);
  }
  return bytes;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::vector<SafetensorsTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string file = path.string();
  // Wide dtypes first, as the format's own writer does: with a header that ends on a multiple of 8 every tensor is
  // aligned, although no gaps are allowed. Within one width the order given is kept.
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return safetensors_dtype_size(tensors[a].dtype) > safetensors_dtype_size(tensors[b].dtype);
  });
  std::vector<std::uint64_t> sizes(tensors.size());
  std::uint64_t offset = 0;
  std::set<std::string_view> names = {"__metadata__"};
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  // ordered_json looks a key up by walking through all: the entries are added as a vector instead.
  nlohmann::ordered_json::object_t& object = header.get_ref<nlohmann::ordered_json::object_t&>();
  for (const std::size_t i : order) {
    const SafetensorsTensor& tensor = tensors[i];
    if (!names.insert(tensor.name).second)
      fail({fmt::format("{}: tensor \"{}\"", file, tensor.name), "the name is taken"}, ErrorCode::internal);
    sizes[i] = byte_size(file, tensor);
    object.emplace_back(tensor.name, nlohmann::ordered_json{{"dtype", tensor.dtype},
                                                            {"shape", tensor.shape},
                                                            {"data_offsets", {offset, offset + sizes[i]}}});
    offset += sizes[i];
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    fail({file, "a tensor's name or a metadata string is not UTF-8"}, ErrorCode::internal);
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > safetensors_maximum_header)
    fail({file, fmt::format("the header would take {} bytes", text.size()),
          fmt::format("at most {}", safetensors_maximum_header)},
         ErrorCode::resource_exhausted);

  AtomicFile out(path);
  std::string length;
  for (int shift = 0; shift < 64; shift += 8) length += static_cast<char>(text.size() >> shift & 0xFF);
  out.write(length.data(), length.size());
  out.write(text.data(), text.size());
  for (const std::size_t i : order) out.write(tensors[i].data, sizes[i]);
  out.commit();
}

}  // namespace welt
