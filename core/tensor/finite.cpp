// See finite.h.
#include "core/tensor/finite.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace welt {

bool all_finite(const at::Tensor& values) { return values.is_meta() || at::isfinite(values).all().item<bool>(); }

bool squares_are_finite(const at::Tensor& values) {
  if (values.is_meta() || values.numel() == 0) return true;
  const double most = values.scalar_type() == at::kDouble ? std::numeric_limits<double>::max()
                                                          : double{std::numeric_limits<float>::max()};
  // max() and min() are NaN where a value is.
  const double high = std::abs(values.max().item<double>()), low = std::abs(values.min().item<double>());
  return high <= std::sqrt(most) && low <= std::sqrt(most);
}

void require_finite_output(const at::Tensor& values, std::string_view part, std::string_view plugin) {
  if (at::GradMode::is_enabled() || all_finite(values)) return;
  fail(
      {fmt::format("{} ({})", part, plugin), "its output is not finite", "finite numbers",
       "Its weights are damaged, or training went astray: `welt checkpoint inspect DIR --check` reads them all; use an "
       "earlier checkpoint"},
      ErrorCode::data_loss);
}

}  // namespace welt
