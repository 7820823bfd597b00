// See compare_runs.h.
#include "core/parity/compare_runs.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/tensor/distance.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

bool is_input(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view rest = name.substr(slash + 1);
  return rest == "valid" || rest.starts_with("in/") || rest.starts_with("w/");
}

// Where the flat index is in a tensor of this shape.
std::vector<long> place_of(std::int64_t flat, at::IntArrayRef shape) {
  std::vector<long> at(shape.size());
  for (std::size_t i = shape.size(); i-- > 0; flat /= shape[i]) at[i] = static_cast<long>(flat % shape[i]);
  return at;
}

ComparedTensor compare(const std::string& name, const at::Tensor& a, const at::Tensor& b, double tolerance) {
  ComparedTensor out{.name = name, .problem = {}};
  if (a.sizes() != b.sizes()) {
    out.problem = fmt::format("{} and {}", shape_text(a.sizes()), shape_text(b.sizes()));
    out.differs = true;
    return out;
  }
  if (a.numel() == 0) return out;
  const at::Tensor difference = distance(a, b).flatten();
  const at::Tensor finite = at::where(at::isfinite(a), at::abs(a), 0.0);
  out.largest = finite.max().item<double>();
  const std::int64_t worst = at::argmax(difference).item<std::int64_t>();
  out.difference = difference[worst].item<double>();
  out.at = place_of(worst, a.sizes());
  out.differs = out.difference > tolerance * out.largest;
  return out;
}

}  // namespace

const ComparedTensor* RunComparison::first() const {
  const auto found = std::ranges::find_if(tensors, &ComparedTensor::differs);
  return found == tensors.end() ? nullptr : &*found;
}

RunComparison compare_runs(const std::filesystem::path& a, const std::filesystem::path& b, double tolerance) {
  const SafetensorsFile left = SafetensorsFile::open(a), right = SafetensorsFile::open(b);
  RunComparison out;
  for (const SafetensorsEntry& entry : left.entries()) {
    if (is_input(entry.name)) continue;
    const SafetensorsEntry* other = right.find(entry.name);
    if (other == nullptr) {
      out.only_a.push_back(entry.name);
    } else {
      out.tensors.push_back(compare(entry.name, copied_tensor(left, entry, at::kDouble),
                                    copied_tensor(right, *other, at::kDouble), tolerance));
    }
  }
  for (const SafetensorsEntry& entry : right.entries())
    if (!is_input(entry.name) && left.find(entry.name) == nullptr) out.only_b.push_back(entry.name);
  if (out.tensors.empty())
    fail({.where = fmt::format("{} and {}", a.string(), b.string()),
          .found = fmt::format("{} and {} tensors, but no name in common", out.only_a.size(), out.only_b.size()),
          .expected = "results of `welt component forward` on the same cases",
          .mend = "Names are <case>/<group>/<name>: run both with the same --in"});
  return out;
}

}  // namespace welt
