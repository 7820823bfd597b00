// See meta_kernels.h.
#include "core/conformance/tensor/meta_kernels.h"

#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/zeros_like.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace welt::conformance {
namespace {

// Their shapes depend on values.
constexpr std::array asking = {"nonzero",  "masked_select", "unique",           "_unique",
                               "bincount", "histc",         "repeat_interleave"};

bool gives_tensors_alone(const c10::FunctionSchema& schema) {
  return std::ranges::all_of(schema.returns(), [](const c10::Argument& one) {
    return one.type()->isSubtypeOf(*c10::TensorType::get()) || one.type()->isSubtypeOf(*c10::ListType::ofTensors());
  });
}

bool is_missing(const c10::OperatorHandle& one) {
  constexpr std::array made = {c10::DispatchKey::Meta, c10::DispatchKey::CompositeImplicitAutograd,
                               c10::DispatchKey::CompositeExplicitAutograd,
                               c10::DispatchKey::CompositeExplicitAutogradNonFunctional};
  const std::string_view name = one.operator_name().name;
  return name.starts_with("aten::") && one.hasSchema() && one.hasKernelForDispatchKey(c10::DispatchKey::CPU) &&
         std::ranges::none_of(made, [&](c10::DispatchKey key) { return one.hasKernelForDispatchKey(key); }) &&
         std::ranges::none_of(asking, [&](std::string_view start) { return name.substr(6).starts_with(start); }) &&
         gives_tensors_alone(one.schema());
}

// The tensors of one call: on the meta device, and as zeros on the CPU.
class Zeros {
 public:
  at::Tensor operator()(const at::Tensor& meta) {
    if (!meta.defined()) return meta;
    TORCH_CHECK(meta.is_meta() || meta.dim() == 0, "tensors of one call lie on ", meta.device(), " and on meta");
    if (!meta.is_meta()) return meta;
    return pairs_.emplace_back(meta, at::zeros_like(meta, meta.options().device(at::kCPU))).second;
  }
  // A result: the tensor that was written to, else a new one.
  at::Tensor back(const at::Tensor& result) const {
    if (!result.defined()) return result;
    for (const auto& [meta, zeros] : pairs_) {
      if (!zeros.is_same(result)) continue;
      if (meta.sizes() != result.sizes()) meta.unsafeGetTensorImpl()->set_sizes_contiguous(result.sizes());
      return meta;
    }
    return at::empty_strided(result.sizes(), result.strides(), result.options().device(at::kMeta));
  }

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> pairs_;
};

template <typename Change>
void change_tensors(c10::IValue& value, Change&& change) {
  if (value.isTensor()) {
    value = change(value.toTensor());
  } else if (value.isTensorList()) {
    c10::List<at::Tensor> changed;
    for (const at::Tensor& one : value.toTensorVector()) changed.push_back(change(one));
    value = std::move(changed);
  } else if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> changed;
    for (const std::optional<at::Tensor>& one : value.toOptionalTensorVector())
      changed.push_back(one ? std::optional(change(*one)) : one);
    value = std::move(changed);
  } else if (value.isDevice()) {
    value = c10::Device(at::kCPU);
  }
}

void on_zeros(const c10::OperatorHandle& one, c10::DispatchKeySet, torch::jit::Stack* stack) {
  const auto last = [&](std::size_t count) { return stack->end() - static_cast<std::ptrdiff_t>(count); };
  Zeros zeros;
  std::for_each(last(one.schema().arguments().size()), stack->end(),
                [&](c10::IValue& value) { change_tensors(value, zeros); });
  one.callBoxed(stack);
  std::for_each(last(one.schema().returns().size()), stack->end(), [&](c10::IValue& value) {
    change_tensors(value, [&](const at::Tensor& result) { return zeros.back(result); });
  });
}

}  // namespace

struct MetaKernels::State {
  torch::Library library{torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__};
};

MetaKernels::MetaKernels() : state_(std::make_unique<State>()) {
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    const auto one = c10::Dispatcher::singleton().findOp(name);
    if (one && is_missing(*one))
      state_->library.impl(c10::toString(name).c_str(), torch::CppFunction::makeFromBoxedFunction<&on_zeros>());
  }
}
MetaKernels::~MetaKernels() = default;

}  // namespace welt::conformance
