// See linear.h.
#include "core/kernels/linear.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>

#include <cstdlib>
#include <string_view>

#include "core/base/error.h"
#include "core/kernels/instructions.h"
#include "core/kernels/operators.h"
#include "core/kernels/processor.h"

namespace welt {
namespace {

bool taken(const at::Tensor& x) {
  return x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

}  // namespace

namespace kernels {
namespace {

enum class Products { measured, kernels, library };

Products wanted_products() {
  const char* wanted = std::getenv("WELT_PRODUCTS");
  const std::string_view name = wanted == nullptr ? "" : wanted;
  if (name.empty()) return Products::measured;
  if (name == "kernels") return Products::kernels;
  if (name == "library") return Products::library;
  fail({.where = "the environment variable WELT_PRODUCTS",
        .found = std::string(name),
        .expected = "kernels or library",
        .mend = {}});
}

}  // namespace

bool makes_products() {
  static const Products wanted = wanted_products();
  return chosen_instructions() != nullptr && wanted != Products::library && (wanted == Products::kernels || !has_amx());
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias, bool turned) {
  const bool cast = at::autocast::is_autocast_enabled(at::kCPU);
  const at::ScalarType type = cast ? at::autocast::get_autocast_dtype(at::kCPU) : x.scalar_type();
  const std::optional<at::Tensor> added = bias && bias->defined() ? bias : std::nullopt;
  if (type == at::kBFloat16 && taken(x) && taken(weight) && (cast || weight.scalar_type() == type) && x.numel() > 0 &&
      many_rows_fit(weight) && makes_products())
    return many_rows_product(x, weight, added, turned);
  if (!turned) return at::linear(x, weight, added);
  return added && x.dim() == 2 ? at::addmm(*added, x, weight)
         : added               ? at::matmul(x, weight) + *added
                               : at::matmul(x, weight);
}

}  // namespace kernels

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const std::optional<at::Tensor> added = bias.defined() ? std::optional(bias) : std::nullopt;
  if (at::GradMode::is_enabled() || x.numel() > kernels::few_rows * x.size(-1))
    return kernels::linear(x, weight, added, /*turned=*/false);
  const bool wide = x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat;
  if (wide && taken(x) && taken(weight) && weight.is_contiguous() && x.size(-1) > 0 &&
      kernels::chosen_instructions() != nullptr)
    return kernels::few_rows_product(x, weight, added, std::nullopt);
  return at::linear(x, weight, added);
}

}  // namespace welt
