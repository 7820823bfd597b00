// See host_kernels.h. Signatures are those of the program's core/kernels/operators.h.
#include "host_kernels.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/linear.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace welt::nn::host_kernels {
namespace {

using at::Tensor;
using Optional = const std::optional<Tensor>&;

// An operator of the program's by name. None: the program has no such operator, or one of another signature.
template <typename Signature>
class Operator {
 public:
  explicit Operator(const char* name) {
    const std::optional<c10::OperatorHandle> found = c10::Dispatcher::singleton().findSchema({name, ""});
    if (!found) return;
    try {
      handle_ = found->typed<Signature>();
    } catch (const c10::Error&) {
    }
  }
  bool found() const { return handle_.has_value(); }
  template <typename... Arguments>
  auto operator()(Arguments&&... arguments) const {
    return handle_->call(std::forward<Arguments>(arguments)...);
  }

 private:
  std::optional<c10::TypedOperatorHandle<Signature>> handle_;
};

struct Operators {
  Operator<std::int64_t()> kernels{"welt::kernels"}, step_weights{"welt::step_weights"};
  Operator<std::vector<std::string>()> activations{"welt::activations"};
  Operator<std::int64_t()> few_rows{"welt::few_rows"};
  Operator<Tensor(const Tensor&, const Tensor&, const Tensor&, const Tensor&, Optional, Optional, Optional, Optional,
                  Optional, double, bool, std::int64_t, std::int64_t, double, std::int64_t)>
      row_attention{"welt::row_attention"};
  Operator<Tensor(const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Tensor&, Optional,
                  const Tensor&, Optional, Optional, double, std::int64_t)>
      cached_attention{"welt::cached_attention"};
  Operator<Tensor(const Tensor&, const Tensor&, Optional, Optional)> few_rows_product{"welt::few_rows_product"};
  Operator<Tensor(const Tensor&, const Tensor&, Optional, bool)> linear{"welt::linear"};  // of younger programs
  Operator<std::tuple<Tensor, Tensor>(const Tensor&, const Tensor&, const Tensor&, Optional, std::int64_t, double,
                                      bool)>
      residual_norm{"welt::residual_norm"};
  Operator<Tensor(const Tensor&, const Tensor&, Optional, std::int64_t, double, bool)> norm{"welt::norm"};
  Operator<Tensor(const Tensor&, const Tensor&, std::string_view)> gated_product{"welt::gated_product"},
      biased_activation{"welt::biased_activation"};

  // A program of another age that lacks one is taken as one without kernels.
  bool complete() const {
    return kernels.found() && step_weights.found() && activations.found() && few_rows.found() &&
           row_attention.found() && cached_attention.found() && few_rows_product.found() && residual_norm.found() &&
           norm.found() && gated_product.found() && biased_activation.found();
  }
};

// What the program has, looked up once.
struct Program {
  Operators operators;
  const std::atomic<int>* in_use = nullptr;        // 1 while the kernels are in use; null: there are none
  const std::atomic<int>* step_weights = nullptr;  // what weights are read as: 0 as they are, 1 bfloat16, 2 int8
  std::vector<std::string> activations;
  std::int64_t few_rows = 0;  // how many they are at most

  Program() {
    if (!operators.complete()) return;
    in_use = reinterpret_cast<const std::atomic<int>*>(operators.kernels());
    step_weights = reinterpret_cast<const std::atomic<int>*>(operators.step_weights());
    activations = operators.activations();
    few_rows = operators.few_rows();
  }
};
const Program& program() {
  static const Program found;
  return found;
}

int step_weights() { return program().step_weights->load(std::memory_order_relaxed); }

struct Narrow {
  at::Tensor weight, scales;  // scales: of int8
};

Narrow narrowed(const at::Tensor& weight, int kind) {
  if (kind == 1) return {weight.to(at::kBFloat16).contiguous(), {}};
  const at::Tensor largest = weight.abs().amax(1).clamp_min(1e-30);  // [out]
  const at::Tensor scales = largest / 127;
  return {(weight / scales.unsqueeze(1)).round().to(at::kChar).contiguous(), scales};
}

thread_local bool as_in_training = false;

// The smaller copy of a weight [out, in], made once for as long as the weight lives and is not changed; `turned`: it
// lies as [in, out].
Narrow narrow_of(const at::Tensor& weight, int kind, bool turned) {
  struct Entry {
    c10::weak_intrusive_ptr<c10::TensorImpl> weight;
    std::int64_t version;
    int kind;
    Narrow narrow;
  };
  static std::mutex mutex;
  static std::unordered_map<const c10::TensorImpl*, Entry> copies;
  const std::scoped_lock lock(mutex);
  const auto found = copies.find(weight.unsafeGetTensorImpl());
  const std::int64_t version = weight.is_inference() ? 0 : weight._version();  // 0: it cannot be changed
  if (found != copies.end() && !found->second.weight.expired() && found->second.version == version &&
      found->second.kind == kind)
    return found->second.narrow;
  std::erase_if(copies, [](const auto& entry) { return entry.second.weight.expired(); });
  Entry made{c10::weak_intrusive_ptr<c10::TensorImpl>(weight.getIntrusivePtr()), version, kind,
             narrowed(turned ? weight.t() : weight, kind)};
  return copies.insert_or_assign(weight.unsafeGetTensorImpl(), std::move(made)).first->second.narrow;
}

std::optional<at::Tensor> optional(const at::Tensor& x) {
  return x.defined() ? std::optional<at::Tensor>(x) : std::nullopt;
}

// Of LibTorch's generator, as its own dropout draws: a seeded run draws the same again.
std::int64_t drawn_seed() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::scoped_lock lock(generator.mutex());
  return static_cast<std::int64_t>(at::check_generator<at::CPUGeneratorImpl>(generator)->random64());
}

std::int64_t number_of(NormSpec::Kind kind) {
  switch (kind) {
    case NormSpec::Kind::layer:
      return 0;
    case NormSpec::Kind::rms:
      return 1;
    case NormSpec::Kind::offset_rms:
      return 2;
  }
  return 0;
}

}  // namespace

bool take(const at::Tensor& x) {
  const std::atomic<int>* in_use = program().in_use;
  return in_use != nullptr && in_use->load(std::memory_order_relaxed) != 0 && x.device().is_cpu() &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

bool know(std::string_view activation) {
  const std::vector<std::string>& names = program().activations;
  return std::find(names.begin(), names.end(), activation) != names.end();
}

at::Tensor row_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                         const AttentionOptions& options, double scale) {
  const RotaryTable none;
  const RotaryTable& rotary = options.rotary == nullptr ? none : *options.rotary;
  return program().operators.row_attention(
      q, k, v, plan.row_offsets(), optional(rotary.cos), optional(rotary.sin), optional(plan.valid()),
      optional(plan.documents()), optional(plan.prefixes()), scale, plan.causal(), options.window.left,
      options.window.right, options.dropout, options.dropout > 0 ? drawn_seed() : 0);
}

at::Tensor cached_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                            const AttentionOptions& options, double scale) {
  const RotaryTable none;
  const RotaryTable& rotary = options.rotary == nullptr ? none : *options.rotary;
  const Cache::Pair cached = plan.cache()->layer(options.layer, q.options());
  const RowPlan::CacheRows& rows = plan.cache_rows();
  return program().operators.cached_attention(q, k, v, cached.keys, cached.values, plan.row_offsets(), rows.index,
                                              rows.filled, optional(rotary.cos), optional(rotary.sin), scale,
                                              options.window.left);
}

AsInTraining::AsInTraining() : before_(std::exchange(as_in_training, true)) {}
AsInTraining::~AsInTraining() { as_in_training = before_; }

bool few_rows(const at::Tensor& x, const at::Tensor& weight) {
  return !at::GradMode::is_enabled() && !as_in_training && take(x) && x.scalar_type() == at::kFloat &&
         weight.scalar_type() == at::kFloat && x.size(-1) > 0 &&
         (x.numel() <= program().few_rows * x.size(-1) || step_weights() != 0) && weight.is_contiguous() &&
         compute_type(x) == at::kFloat;
}

bool narrow_weights(const at::Tensor& x, const at::Tensor& weight) {
  return few_rows(x, weight) && step_weights() != 0;
}

at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool turned) {
  const int kind = step_weights();
  if (kind == 0) return program().operators.few_rows_product(x, weight, optional(bias), std::nullopt);
  const Narrow narrow = narrow_of(weight, kind, turned);
  return program().operators.few_rows_product(x, narrow.weight, optional(bias), optional(narrow.scales));
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool turned) {
  const bool many = at::GradMode::is_enabled() || as_in_training || x.numel() > program().few_rows * x.size(-1);
  if (many && take(x) && program().operators.linear.found())
    return program().operators.linear(x, weight, optional(bias), turned);
  if (!turned) return at::linear(x, weight, optional(bias));
  return at::addmm(bias, x, weight);
}

Normed residual_norm(const at::Tensor& branch, const at::Tensor& residual, const NormSpec& norm, bool narrow) {
  const Operators& operators = program().operators;
  const std::optional<at::Tensor> bias = optional(norm.bias);
  if (!branch.defined())
    return {residual, operators.norm(residual, norm.weight, bias, number_of(norm.kind), norm.eps, narrow)};
  auto [sum, normed] =
      operators.residual_norm(branch, residual, norm.weight, bias, number_of(norm.kind), norm.eps, narrow);
  return {std::move(sum), std::move(normed)};
}

at::Tensor gated_product(const at::Tensor& gate, const at::Tensor& up, std::string_view activation) {
  return program().operators.gated_product(gate, up, activation);
}

at::Tensor biased_activation(const at::Tensor& x, const at::Tensor& bias, std::string_view activation) {
  return program().operators.biased_activation(x, bias, activation);
}

}  // namespace welt::nn::host_kernels
