// See host_kernels.h. Signatures are those of the program's core/kernels/operators.h; LibTorch checks them at the first
// call.
#include "host_kernels.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/amax.h>

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace welt::nn::host_kernels {
namespace {

using Optional = const std::optional<at::Tensor>&;

template <typename Signature>
std::optional<c10::TypedOperatorHandle<Signature>> find(const char* name) {
  const std::optional<c10::OperatorHandle> found = c10::Dispatcher::singleton().findSchema({name, ""});
  if (!found) return {};
  return found->typed<Signature>();
}

// A number of the program's, by the operator that gives its address; null: the program has no such operator.
const std::atomic<int>* number_at(const char* name) {
  const auto address = find<std::int64_t()>(name);
  return address ? reinterpret_cast<const std::atomic<int>*>(address->call()) : nullptr;
}

// 1 while the kernels are in use.
const std::atomic<int>* in_use() {
  static const std::atomic<int>* const flag = number_at("welt::kernels");
  return flag;
}

// What weights are read as where no gradient is wanted: 0 as they are, 1 bfloat16, 2 int8 with a scale for each output.
int step_weights() {
  static const std::atomic<int>* const kind = number_at("welt::step_weights");
  return kind == nullptr ? 0 : kind->load(std::memory_order_relaxed);
}

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

// The smaller copy of a weight, made once for as long as the weight lives and is not changed.
Narrow narrow_of(const at::Tensor& weight, int kind) {
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
  const std::int64_t version = weight._version();
  if (found != copies.end() && !found->second.weight.expired() && found->second.version == version &&
      found->second.kind == kind)
    return found->second.narrow;
  std::erase_if(copies, [](const auto& entry) { return entry.second.weight.expired(); });
  Entry made{c10::weak_intrusive_ptr<c10::TensorImpl>(weight.getIntrusivePtr()), version, kind, narrowed(weight, kind)};
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
  const std::atomic<int>* flag = in_use();
  return flag != nullptr && flag->load(std::memory_order_relaxed) != 0 && x.device().is_cpu() &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

bool know(std::string_view activation) {
  constexpr std::array names{"silu", "swish", "gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "quick_gelu"};
  return std::ranges::find(names, activation) != names.end();
}

at::Tensor row_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                         const AttentionOptions& options, double scale) {
  static const auto kernel =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, Optional, Optional,
                      Optional, Optional, Optional, double, bool, std::int64_t, std::int64_t, double, std::int64_t)>(
          "welt::row_attention");
  const RotaryTable none;
  const RotaryTable& rotary = options.rotary == nullptr ? none : *options.rotary;
  return kernel->call(q, k, v, plan.row_offsets(), optional(rotary.cos), optional(rotary.sin), optional(plan.valid()),
                      optional(plan.documents()), optional(plan.prefixes()), scale, plan.causal(), options.window.left,
                      options.window.right, options.dropout, options.dropout > 0 ? drawn_seed() : 0);
}

at::Tensor cached_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                            const AttentionOptions& options, double scale) {
  static const auto kernel =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                      const at::Tensor&, Optional, const at::Tensor&, Optional, Optional, double, std::int64_t)>(
          "welt::cached_attention");
  const RotaryTable none;
  const RotaryTable& rotary = options.rotary == nullptr ? none : *options.rotary;
  const Cache::Pair cached = plan.cache()->layer(options.layer, q.options());
  const RowPlan::CacheRows& rows = plan.cache_rows();
  return kernel->call(q, k, v, cached.keys, cached.values, plan.row_offsets(), rows.index, rows.filled,
                      optional(rotary.cos), optional(rotary.sin), scale, options.window.left);
}

AsInTraining::AsInTraining() : before_(std::exchange(as_in_training, true)) {}
AsInTraining::~AsInTraining() { as_in_training = before_; }

bool few_rows(const at::Tensor& x, const at::Tensor& weight) {
  // From about this many rows on, a library that packs both matrices is faster (measured on two cores with AVX2).
  constexpr std::int64_t most = 24;
  return !at::GradMode::is_enabled() && !as_in_training && x.scalar_type() == at::kFloat &&
         weight.scalar_type() == at::kFloat && x.size(-1) > 0 &&
         (x.numel() <= most * x.size(-1) || step_weights() != 0) && weight.is_contiguous() && take(x) &&
         compute_type(x) == at::kFloat;
}

at::Tensor few_rows_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  static const auto kernel =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, Optional, Optional)>("welt::few_rows_product");
  const int kind = step_weights();
  if (kind == 0) return kernel->call(x, weight, optional(bias), std::nullopt);
  const Narrow narrow = narrow_of(weight, kind);
  return kernel->call(x, narrow.weight, optional(bias), optional(narrow.scales));
}

Normed residual_norm(const at::Tensor& branch, const at::Tensor& residual, const NormSpec& norm, bool narrow) {
  static const auto both =
      find<std::tuple<at::Tensor, at::Tensor>(const at::Tensor&, const at::Tensor&, const at::Tensor&, Optional,
                                              std::int64_t, double, bool)>("welt::residual_norm");
  static const auto alone =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, Optional, std::int64_t, double, bool)>("welt::norm");
  const std::optional<at::Tensor> bias = optional(norm.bias);
  if (!branch.defined())
    return {residual, alone->call(residual, norm.weight, bias, number_of(norm.kind), norm.eps, narrow)};
  auto [sum, normed] = both->call(branch, residual, norm.weight, bias, number_of(norm.kind), norm.eps, narrow);
  return {std::move(sum), std::move(normed)};
}

at::Tensor gated_product(const at::Tensor& gate, const at::Tensor& up, std::string_view activation) {
  static const auto kernel =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, std::string_view)>("welt::gated_product");
  return kernel->call(gate, up, activation);
}

at::Tensor biased_activation(const at::Tensor& x, const at::Tensor& bias, std::string_view activation) {
  static const auto kernel =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, std::string_view)>("welt::biased_activation");
  return kernel->call(x, bias, activation);
}

}  // namespace welt::nn::host_kernels
