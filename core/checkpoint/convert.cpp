// See convert.h.
#include "core/checkpoint/convert.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/isinf.h>

#include <welt/common/ternary.h>
#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <set>
#include <string_view>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/new_folder.h"
#include "core/checkpoint/pack_ternary.h"
#include "core/checkpoint/run_folder.h"
#include "core/checkpoint/weight_files.h"
#include "core/huggingface/hf_source.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t config_limit = 16 << 20;

// config.json as it is, but for the type that it names, or one of its parts does. As text: what JSON has no word for
// (Infinity) stays, and so does the order of the keys.
std::string with_dtype(std::string text, bool named_at_top, std::string_view dtype) {
  static const std::regex key(R"re(("(?:torch_)?dtype"\s*:\s*)"[a-z0-9]+")re");
  text = std::regex_replace(text, key, fmt::format("$1\"{}\"", dtype));
  if (!named_at_top) text.insert(text.find('{') + 1, fmt::format("\n  \"dtype\": \"{}\",", dtype));
  return text;
}

at::Tensor converted(const HfWeights::Item& item, std::optional<at::ScalarType> dtype) {
  const at::Tensor values = mapped_tensor(*item.file, *item.entry);
  if (!dtype || !values.is_floating_point() || values.scalar_type() == *dtype) return values;
  at::Tensor out = values.to(*dtype);
  if (at::isinf(out).sum().item<std::int64_t>() > at::isinf(values).sum().item<std::int64_t>())
    fail({.where = item.file->path().string() + ": " + item.entry->name,
          .found = fmt::format("values up to {:.4g}, beyond the range of {}", values.abs().max().item<double>(),
                               float_dtype_name(*dtype)),
          .mend = *dtype == at::kHalf ? "Convert to bfloat16, whose range is nearly that of float32"
                                      : "Keep the type that it has"},
         ErrorCode::out_of_range);
  return out;
}

// A layer's matrix as two tensors: codes and the mean that they are multiples of.
void plan_packed(std::vector<PlannedTensor>& tensors, const std::string& name, const HfWeights::Item& item) {
  const std::vector<std::int64_t>& shape = item.entry->shape;
  if (shape.size() != 2)
    fail({.where = item.file->path().string() + ": " + name,
          .found = fmt::format("{} dimensions", shape.size()),
          .expected = "a matrix [out, in]"});
  tensors.push_back({.name = name + std::string(packed_ending),
                     .bytes = shape[0] * ternary::row_bytes(shape[1]),
                     .make = [item, name] { return ternary_codes(mapped_tensor(*item.file, *item.entry), name); }});
  tensors.push_back({.name = name + "_mean", .bytes = 4, .make = [item, name] {
                       return ternary_mean(mapped_tensor(*item.file, *item.entry), name);
                     }});
}

std::vector<PlannedTensor> plan(const HfWeights& weights, const Conversion& conversion, const TernaryPlan* ternary) {
  const std::optional<at::ScalarType> dtype = conversion.dtype;
  std::vector<PlannedTensor> tensors;
  std::size_t packed = 0;
  std::map<const SafetensorsEntry*, std::size_t> place;
  std::vector<std::string> unread;
  for (const auto& [name, item] : weights.items()) {
    if (item.alias || (!conversion.without.empty() && name.starts_with(conversion.without))) continue;
    const auto type = safetensors_scalar_type(item.entry->dtype);
    if (!type) {
      unread.push_back(fmt::format("{} ({})", name, item.entry->dtype));
      continue;
    }
    if (ternary != nullptr && ternary->packs(name)) {
      plan_packed(tensors, name, item);
      ++packed;
      continue;
    }
    const at::ScalarType now = dtype && at::isFloatingType(*type) ? *dtype : *type;
    place[item.entry] = tensors.size();
    tensors.push_back(
        {.name = name,
         .bytes = c10::multiply_integers(item.entry->shape) * static_cast<std::int64_t>(c10::elementSize(now)),
         .make = [item, dtype] { return converted(item, dtype); }});
  }
  for (const auto& [name, item] : weights.items())
    if (const auto known = place.find(item.entry); item.alias && known != place.end())
      tensors[known->second].other_names.push_back(name);
  if (!unread.empty())
    fail({.where = weights.path().string(),
          .found = fmt::format("tensors of types that are not read here: {}", fmt::join(unread, ", ")),
          .expected = "F64, F32, BF16, F16, I64, I32, I16, I8, U8 or BOOL",
          .mend = "Nothing was written: they would be lost"},
         ErrorCode::unimplemented);
  if (ternary != nullptr && packed != ternary->matrices())
    fail({.where = weights.path().string(),
          .found = fmt::format("{} matrices of layers with ternary weights", packed),
          .expected = fmt::format("{}, as config.json says", ternary->matrices()),
          .mend = "Weights and config.json do not belong together; nothing was written"});
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

// `written`: files that the new folder has in a form of its own.
void copy_others(const fs::path& from, const fs::path& to, const std::set<fs::path>& written,
                 std::vector<std::string>& left_out) {
  for (auto at = fs::recursive_directory_iterator(from); at != fs::recursive_directory_iterator(); ++at) {
    const fs::path path = at->path().lexically_relative(from);
    std::string_view reason = reason_to_leave(path);
    if (at->is_symlink() && at->is_directory()) reason = "a link to a folder";
    if (!reason.empty()) {
      left_out.push_back(fmt::format("{}: {}", path.string(), reason));
      at.disable_recursion_pending();
    } else if (at->is_regular_file() && !written.contains(path)) {
      fs::create_directories((to / path).parent_path());
      fs::copy_file(at->path(), to / path);
    }
  }
}

}  // namespace

ConversionReport convert_into(const fs::path& checkpoint, const fs::path& folder, const Conversion& conversion) {
  const HfWeights weights = HfWeights::open(checkpoint).of_welt();
  const fs::path config_file = checkpoint / "config.json";
  const nlohmann::json config = read_json_object(config_file, config_limit);
  std::optional<TernaryPlan> ternary;
  if (conversion.ternary) ternary.emplace(config, config_file);
  const std::vector<PlannedTensor> tensors = plan(weights, conversion, ternary ? &*ternary : nullptr);
  ConversionReport report{.tensors = static_cast<std::int64_t>(tensors.size())};
  for (const PlannedTensor& tensor : tensors) report.bytes_after += tensor.bytes;
  for (const auto& [name, item] : weights.items())
    if (!item.alias) report.bytes_before += static_cast<std::int64_t>(item.entry->data.size());
  std::string text = ternary ? json_text(ternary->config(), 2) + "\n" : read_file(config_file);
  if (conversion.dtype)
    text = with_dtype(std::move(text), config.contains("dtype") || config.contains("torch_dtype"),
                      float_dtype_name(*conversion.dtype));
  std::set<fs::path> written{"config.json", "model.safetensors.index.json"};
  for (const auto& file : weights.files()) written.insert(file->path().filename());
  copy_others(checkpoint, folder, written, report.left_out);
  write_file(folder / "config.json", text);
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
