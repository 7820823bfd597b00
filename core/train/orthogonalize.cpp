// See orthogonalize.h.
#include "core/train/orthogonalize.h"

#include <ATen/ops/mm.h>

#include <algorithm>
#include <cmath>

namespace welt {

const std::vector<Orthogonalization>& orthogonalizations() {
  static const std::vector<Orthogonalization> all{
      {"polar_express",
       "each polynomial the best for what the one before leaves",
       1.02,
       {8.156554524902461, -22.48329292557795, 15.878769915207462, 4.042929935166739, -2.808917465908714,
        0.5000178451051316, 3.8916678022926607, -2.772484153217685, 0.5060648178503393, 3.285753657755655,
        -2.3681294933425376, 0.46449024233003106, 2.3465413258596377, -1.7097828382687081, 0.42323551169305323}},
      {"five_steps",
       "what Dion2 did before",
       1.0,
       {4.0848, -6.8946, 2.9270, 3.9505, -6.3029, 2.6377, 3.7418, -5.5913, 2.3037, 2.8769, -3.1427, 1.2046, 2.8366,
        -3.0525, 1.2012}},
      {"keller",
       "Muon's own, five times the same",
       1.0,
       {3.4445, -4.7750, 2.0315, 3.4445, -4.7750, 2.0315, 3.4445, -4.7750, 2.0315, 3.4445, -4.7750, 2.0315, 3.4445,
        -4.7750, 2.0315}}};
  return all;
}

at::Tensor orthogonalize(const at::Tensor& matrix, const Orthogonalization& by, double epsilon,
                         at::ScalarType products) {
  const bool tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = matrix.div(matrix.norm().mul(by.safety).add(epsilon));
  if (tall) x = x.t();
  x = x.contiguous();
  if (matrix.scalar_type() == at::kFloat) x = x.to(products);
  for (std::size_t i = 0; i < by.factors.size(); i += 3) {
    const at::Tensor gram = at::mm(x, x.t());
    const at::Tensor mixed = at::mm(gram, gram).mul_(by.factors[i + 2]).add_(gram, by.factors[i + 1]);
    x = at::mm(mixed, x).add_(x, by.factors[i]);
  }
  return (tall ? x.t() : x).to(matrix.scalar_type());
}

const std::vector<RateAdjustment>& rate_adjustments() {
  static const std::vector<RateAdjustment> all{
      {"spectral_norm", "× √(rows / columns)", [](double rows, double columns) { return std::sqrt(rows / columns); }},
      {"rms_norm", "× 0.2 √(the longer side), near AdamW's rates",
       [](double rows, double columns) { return 0.2 * std::sqrt(std::max(rows, columns)); }},
      {"none", "as it is", [](double, double) { return 1.0; }}};
  return all;
}

}  // namespace welt
