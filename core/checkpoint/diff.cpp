// See diff.h.
#include "core/checkpoint/diff.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/json.h"
#include "core/checkpoint/run_folder.h"
#include "core/huggingface/hf_source.h"
#include "core/tensor/distance.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t json_limit = 16 << 20;
constexpr std::int64_t slice = std::int64_t{1} << 22;  // values that are compared at once

Json read_or_empty(const fs::path& file) {
  return fs::exists(file) ? read_json_object(file, json_limit) : Json::object();
}

void compare_keys(const std::string& file, const std::string& key, const Json& a, const Json& b,
                  std::vector<DifferentKey>& out) {
  if (a == b) return;
  if (!a.is_object() || !b.is_object()) {
    out.push_back({file, key, a, b});
    return;
  }
  Json both = a;
  both.update(b);
  for (const auto& [name, value] : both.items())
    compare_keys(file, key + "/" + name, a.value(name, Json()), b.value(name, Json()), out);
}

DifferentTensor compare(const std::string& name, const HfWeights::Item& a, const HfWeights::Item& b) {
  DifferentTensor out{.name = name, .a_dtype = a.entry->dtype, .b_dtype = b.entry->dtype};
  if (a.entry->shape != b.entry->shape) {
    out.problem = fmt::format("shapes {} and {}", shape_text(a.entry->shape), shape_text(b.entry->shape));
    return out;
  }
  if (a.entry->dtype == b.entry->dtype && std::ranges::equal(a.entry->data, b.entry->data) &&
      !safetensors_scalar_type(a.entry->dtype))
    return out;
  for (const SafetensorsEntry* entry : {a.entry, b.entry})
    if (!safetensors_scalar_type(entry->dtype)) {
      out.problem = "values of type " + entry->dtype + ", which is not read here";
      return out;
    }
  if (c10::multiply_integers(a.entry->shape) == 0) return out;
  const at::Tensor left = mapped_tensor(*a.file, *a.entry).flatten(),
                   right = mapped_tensor(*b.file, *b.entry).flatten();
  double a_squares = 0, squares = 0;
  for (std::int64_t first = 0; first < left.numel(); first += slice) {
    const std::int64_t count = std::min(slice, left.numel() - first);
    const at::Tensor one = left.narrow(0, first, count).to(at::kDouble);
    const at::Tensor apart = distance(one, right.narrow(0, first, count).to(at::kDouble));
    a_squares += one.square().sum().item<double>();
    squares += apart.square().sum().item<double>();
    out.largest = std::max(out.largest, apart.max().item<double>());
  }
  out.a_norm = std::sqrt(a_squares);
  out.norm = std::sqrt(squares);
  return out;
}

}  // namespace

bool CheckpointDiff::equal() const {
  return keys.empty() && only_a.empty() && only_b.empty() && std::ranges::all_of(tensors, &DifferentTensor::equal);
}

CheckpointDiff diff_checkpoints(const fs::path& a, const fs::path& b) {
  CheckpointDiff diff{.a = find_checkpoint(a), .b = find_checkpoint(b)};
  for (const char* file : {"config.json", "welt.json"})
    compare_keys(file, "", read_or_empty(diff.a / file), read_or_empty(diff.b / file), diff.keys);
  const HfWeights left = HfWeights::open(diff.a), right = HfWeights::open(diff.b);
  for (const auto& [name, item] : left.items()) {
    if (const HfWeights::Item* other = right.find(name))
      diff.tensors.push_back(compare(name, item, *other));
    else
      diff.only_a.push_back(name);
  }
  for (const auto& [name, item] : right.items())
    if (left.find(name) == nullptr) diff.only_b.push_back(name);
  return diff;
}

}  // namespace welt
