// See tensor_io.h.
#include "core/tensor/tensor_io.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "core/base/error.h"
#include "core/tensor/finite.h"

namespace welt {
namespace {

constexpr std::array<std::pair<std::string_view, at::ScalarType>, 10> dtypes{{
    {"F32", at::kFloat},
    {"F64", at::kDouble},
    {"BF16", at::kBFloat16},
    {"F16", at::kHalf},
    {"I64", at::kLong},
    {"I32", at::kInt},
    {"I16", at::kShort},
    {"I8", at::kChar},
    {"U8", at::kByte},
    {"BOOL", at::kBool},
}};

at::ScalarType entry_type(const SafetensorsFile& file, const SafetensorsEntry& entry) {
  if (const auto type = safetensors_scalar_type(entry.dtype)) return *type;
  std::vector<std::string_view> known;
  for (const auto& [name, type] : dtypes) known.push_back(name);
  fail({.where = fmt::format("{}: tensor \"{}\"", file.path().string(), entry.name),
        .found = "dtype " + entry.dtype,
        .expected = fmt::format("one of {}", fmt::join(known, ", "))});
}

}  // namespace

std::optional<at::ScalarType> safetensors_scalar_type(std::string_view dtype) {
  for (const auto& [name, type] : dtypes)
    if (name == dtype) return type;
  return std::nullopt;
}

std::string_view safetensors_dtype(at::ScalarType type) {
  for (const auto& [name, scalar] : dtypes)
    if (scalar == type) return name;
  return {};
}

namespace {
constexpr std::array<std::pair<std::string_view, at::ScalarType>, 4> float_names{
    {{"float32", at::kFloat}, {"float64", at::kDouble}, {"bfloat16", at::kBFloat16}, {"float16", at::kHalf}}};
}  // namespace

std::string_view float_dtype_name(at::ScalarType type) {
  for (const auto& [name, scalar] : float_names)
    if (scalar == type) return name;
  return {};
}

at::ScalarType parse_float_dtype(std::string_view name, std::string_view where) {
  std::vector<std::string> known;
  for (const auto& [text, type] : float_names) {
    if (text == name) return type;
    known.emplace_back(text);
  }
  const std::string near = nearest(name, known);
  fail({.where = std::string(where),
        .found = fmt::format("dtype \"{}\"", name),
        .expected = fmt::format("one of {}", fmt::join(known, ", ")),
        .mend = near.empty() ? "" : fmt::format("Did you mean {}?", near)});
}

at::Tensor mapped_tensor(const SafetensorsFile& file, const SafetensorsEntry& entry) {
  const at::ScalarType type = entry_type(file, entry);
  const auto address = reinterpret_cast<std::uintptr_t>(entry.data.data());
  if (entry.data.empty() || address % c10::elementSize(type) != 0) return copied_tensor(file, entry);
  auto* data = const_cast<std::byte*>(entry.data.data());  // from_blob takes no const; nobody writes to it
  return at::from_blob(
      data, entry.shape, [keep = file.mapping()](void*) {}, at::TensorOptions().dtype(type));
}

at::Tensor copied_tensor(const SafetensorsFile& file, const SafetensorsEntry& entry,
                         std::optional<at::ScalarType> dtype) {
  const at::ScalarType type = entry_type(file, entry);
  at::Tensor copy = at::empty(entry.shape, at::TensorOptions().dtype(type));
  if (copy.nbytes() != entry.data.size())
    fail({.where = fmt::format("{}: tensor \"{}\"", file.path().string(), entry.name),
          .found = fmt::format("{} bytes", entry.data.size()),
          .expected = fmt::format("{} for shape {}", copy.nbytes(), shape_text(entry.shape))},
         ErrorCode::data_loss);
  if (!entry.data.empty()) std::memcpy(copy.mutable_data_ptr(), entry.data.data(), entry.data.size());
  return dtype ? copy.to(*dtype) : copy;
}

void require_finite(const at::Tensor& buffer, const std::filesystem::path& file, std::string_view name) {
  if (!buffer.is_floating_point() || all_finite(buffer)) return;
  fail({.where = fmt::format("{}: buffer \"{}\"", file.string(), name),
        .found = "values that are not finite",
        .expected = "finite running statistics",
        .mend = "Use an earlier checkpoint: training had gone wrong when this one was written"},
       ErrorCode::data_loss);
}

void save_tensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                  const std::map<std::string, std::string>& metadata) {
  std::vector<at::Tensor> held;  // row-major copies live until the file is written
  std::vector<SafetensorsTensor> entries;
  held.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const std::string_view dtype = safetensors_dtype(tensor.scalar_type());
    if (dtype.empty())
      fail({.where = fmt::format("{}: tensor \"{}\"", path.string(), name),
            .found = fmt::format("type {}", c10::toString(tensor.scalar_type())),
            .expected = "a type that safetensors has"});
    held.push_back(tensor.detach().cpu().contiguous());
    entries.push_back({name, std::string(dtype), tensor.sizes().vec(), held.back().const_data_ptr()});
  }
  write_safetensors(path, entries, metadata);
}

std::string shape_text(at::IntArrayRef shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace welt
