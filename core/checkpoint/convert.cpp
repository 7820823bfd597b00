// See convert.h.
#include "core/checkpoint/convert.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/isinf.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/new_folder.h"
#include "core/checkpoint/run_folder.h"
#include "core/checkpoint/weight_files.h"
#include "core/huggingface/hf_source.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t config_limit = 16 << 20;

const char* config_name(at::ScalarType dtype) {
  switch (dtype) {
    case at::kBFloat16:
      return "bfloat16";
    case at::kHalf:
      return "float16";
    case at::kDouble:
      return "float64";
    default:
      return "float32";
  }
}

// Where the configuration, or that of a part, names the type of the weights.
void rename_dtype(Json& config, const char* dtype) {
  for (const char* key : {"dtype", "torch_dtype"})
    if (const auto found = config.find(key); found != config.end() && found->is_string()) *found = dtype;
  for (auto& [name, part] : config.items())
    if (part.is_object() && part.contains("model_type")) rename_dtype(part, dtype);
}

at::Tensor converted(const HfWeights::Item& item, std::optional<at::ScalarType> dtype) {
  const at::Tensor values = mapped_tensor(*item.file, *item.entry);
  if (!dtype || !values.is_floating_point() || values.scalar_type() == *dtype) return values;
  at::Tensor out = values.to(*dtype);
  const bool narrower = *dtype == at::kHalf || values.scalar_type() == at::kDouble;
  if (narrower && at::isinf(out).sum().item<std::int64_t>() > at::isinf(values).sum().item<std::int64_t>())
    fail({.where = item.file->path().string() + ": " + item.entry->name,
          .found = fmt::format("values up to {:.4g}, beyond the range of {}", values.abs().max().item<double>(),
                               config_name(*dtype)),
          .mend = "Convert to bfloat16, whose range is that of float32"},
         ErrorCode::out_of_range);
  return out;
}

std::vector<PlannedTensor> plan(const HfWeights& weights, std::optional<at::ScalarType> dtype) {
  std::vector<PlannedTensor> tensors;
  std::map<const SafetensorsEntry*, std::size_t> place;
  std::vector<std::string> unread;
  for (const auto& [name, item] : weights.items()) {
    if (const auto known = place.find(item.entry); known != place.end()) {
      tensors[known->second].other_names.push_back(name);
      continue;
    }
    const auto type = safetensors_scalar_type(item.entry->dtype);
    if (!type) {
      unread.push_back(fmt::format("{} ({})", name, item.entry->dtype));
      continue;
    }
    const at::ScalarType now = dtype && at::isFloatingType(*type) ? *dtype : *type;
    place[item.entry] = tensors.size();
    tensors.push_back(
        {.name = name,
         .bytes = c10::multiply_integers(item.entry->shape) * static_cast<std::int64_t>(c10::elementSize(now)),
         .make = [item, dtype] { return converted(item, dtype); }});
  }
  if (!unread.empty())
    fail({.where = weights.path().string(),
          .found = fmt::format("tensors of types that are not read here: {}", fmt::join(unread, ", ")),
          .expected = "F64, F32, BF16, F16, I64, I32, I16, I8, U8 or BOOL",
          .mend = "Nothing was written: they would be lost"},
         ErrorCode::unimplemented);
  return tensors;
}

// Why something beside the weights is not copied; "": it is.
std::string_view reason_to_leave(const fs::path& path) {
  if (path == "training") return "moments and position of a run that goes on with the weights as they were";
  if (path.filename().string().starts_with('.')) return "hidden";
  constexpr std::array<std::string_view, 8> formats{".bin",     ".pt",   ".pth",  ".h5",
                                                    ".msgpack", ".onnx", ".gguf", ".ckpt"};
  return std::ranges::find(formats, path.extension().string()) == formats.end() ? "" : "weights in another format";
}

bool is_weights(const fs::path& file) {
  return file.extension() == ".safetensors" || file.filename() == "model.safetensors.index.json";
}

void copy_others(const fs::path& from, const fs::path& to, std::vector<std::string>& left_out) {
  for (auto at = fs::recursive_directory_iterator(from); at != fs::recursive_directory_iterator(); ++at) {
    const fs::path path = at->path().lexically_relative(from);
    if (const std::string_view reason = reason_to_leave(path); !reason.empty()) {
      left_out.push_back(fmt::format("{}: {}", path.string(), reason));
      at.disable_recursion_pending();
    } else if (at->is_regular_file() && path != "config.json" && !is_weights(path)) {
      fs::create_directories((to / path).parent_path());
      fs::copy_file(at->path(), to / path);
    }
  }
}

}  // namespace

ConversionReport convert_into(const fs::path& checkpoint, const fs::path& folder, const Conversion& conversion) {
  const HfWeights weights = HfWeights::open(checkpoint);
  const std::vector<PlannedTensor> tensors = plan(weights, conversion.dtype);
  ConversionReport report{.tensors = static_cast<std::int64_t>(tensors.size())};
  for (const PlannedTensor& tensor : tensors) {
    report.bytes_before += static_cast<std::int64_t>(weights.find(tensor.name)->entry->data.size());
    report.bytes_after += tensor.bytes;
  }
  Json config = read_json_object(checkpoint / "config.json", config_limit);
  if (conversion.dtype) {
    rename_dtype(config, config_name(*conversion.dtype));
    if (!config.contains("torch_dtype")) config["dtype"] = config_name(*conversion.dtype);
  }
  copy_others(checkpoint, folder, report.left_out);
  write_json(folder / "config.json", config);
  report.files = write_weight_files(folder, tensors, conversion.largest_file);
  return report;
}

ConversionReport convert_checkpoint(const fs::path& run_or_checkpoint, const fs::path& target,
                                    const Conversion& conversion) {
  const fs::path checkpoint = find_checkpoint(run_or_checkpoint);
  ConversionReport report;
  write_new_folder(target, [&](const fs::path& folder) { report = convert_into(checkpoint, folder, conversion); });
  return report;
}

}  // namespace welt
