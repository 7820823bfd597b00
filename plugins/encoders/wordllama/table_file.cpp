// See table_file.h. The format: https://github.com/huggingface/safetensors.
#include "table_file.h"

#include <ATen/ops/empty.h>
#include <welt/common/file_kind.h>

#include <array>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <welt/sdk/base.hpp>

namespace welt::wordllama {
namespace {

using nlohmann::json;

constexpr std::uint64_t longest_header = 1 << 20;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& found, const std::string& expected) {
  throw sdk::Failure(WELT_DATA_LOSS, file.string() + ": " + found + "; expected " + expected, "weights");
}

// The file's header; `data` becomes the place where tensors begin.
json read_header(const std::filesystem::path& path, std::ifstream& file, std::uint64_t& data) {
  std::array<char, file_head> head{};
  file.read(head.data(), head.size());
  const std::string_view seen(head.data(), static_cast<std::size_t>(file.gcount()));
  if (const FileKind* kind = file_kind(seen)) refuse(path, std::string(kind->name), std::string(kind->mend));
  std::uint64_t length = 0;
  if (seen.size() < sizeof length) refuse(path, "it has no header", "a safetensors file");
  std::memcpy(&length, head.data(), sizeof length);
  if (length > longest_header) refuse(path, "a header of " + std::to_string(length) + " bytes", "at most a MiB");
  std::string text(length, '\0');
  file.clear();
  file.seekg(sizeof length);
  if (!file.read(text.data(), static_cast<std::streamsize>(length))) refuse(path, "a header that is cut off", "all");
  data = sizeof length + length;
  json header = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) refuse(path, "a header that is no JSON object", "a safetensors file");
  header.erase("__metadata__");
  return header;
}

bool is_list_of_two(const json& value) {
  return value.is_array() && value.size() == 2 && value[0].is_number_unsigned() && value[1].is_number_unsigned();
}

}  // namespace

void read_table(const std::filesystem::path& path, const at::Tensor& table) {
  std::ifstream file(path, std::ios::binary);
  std::uint64_t data = 0;
  const json header = read_header(path, file, data);
  auto entry = header.find("embedding.weight");
  if (entry == header.end()) entry = header.find("embeddings");
  if (entry == header.end() && header.size() == 1) entry = header.begin();
  if (entry == header.end()) refuse(path, "no tensor embedding.weight or embeddings", "a table of token vectors");
  const json empty = json::object();
  const json& facts = entry->is_object() ? *entry : empty;
  const json shape = facts.value("shape", json()), offsets = facts.value("data_offsets", json());
  const json dtype = facts.value("dtype", json());
  if (dtype != "F16" && dtype != "F32") refuse(path, entry.key() + " of type " + dtype.dump(), "F16 or F32");
  if (!is_list_of_two(shape) || !is_list_of_two(offsets))
    refuse(path, entry.key() + " without two sizes and two offsets", "a table of rows and columns");
  const auto rows = shape[0].get<std::uint64_t>(), columns = shape[1].get<std::uint64_t>();
  const auto wanted_rows = static_cast<std::uint64_t>(table.size(0)), width = static_cast<std::uint64_t>(table.size(1));
  if (rows != wanted_rows || columns < width || columns > longest_header)
    refuse(path, "a table of " + std::to_string(rows) + " rows and " + std::to_string(columns) + " columns",
           std::to_string(wanted_rows) + " rows (num_embeddings) and " + std::to_string(width) +
               " columns (hidden_size) or more");
  const at::ScalarType type = dtype == "F16" ? at::kHalf : at::kFloat;
  const std::uint64_t bytes = rows * columns * (type == at::kHalf ? 2 : 4), begin = offsets[0].get<std::uint64_t>();
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (error || offsets[1].get<std::uint64_t>() - begin != bytes || begin > size || size - begin < data + bytes)
    refuse(path, "a table whose " + std::to_string(bytes) + " bytes are not there", "the whole file");
  const at::Tensor all =
      at::empty({table.size(0), static_cast<std::int64_t>(columns)}, at::TensorOptions(type).device(at::kCPU));
  file.seekg(static_cast<std::streamoff>(data + begin));
  if (!file.read(static_cast<char*>(all.mutable_data_ptr()), static_cast<std::streamsize>(bytes)))
    refuse(path, "a table that cannot be read to its end", "the whole file");
  table.copy_(all.narrow(1, 0, table.size(1)));
}

}  // namespace welt::wordllama
