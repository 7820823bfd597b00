// See own_head.h.
#include "core/tensor/own_head.h"

#include <ATen/TensorOperators.h>
#include <welt/abi/gradients.h>
#include <welt/abi/head.h>

#include <vector>

#include "core/base/error.h"
#include "core/tensor/tensor_component_state.h"
#include "core/tensor/tensor_service.h"

namespace welt {

bool gradients_pass_roundings(const TensorComponent& component) {
  const auto* table = static_cast<const welt_gradients_v1*>(component.component().interface(WELT_GRADIENTS_INTERFACE));
  return table != nullptr && table->kind(component.component().raw()) == WELT_GRADIENTS_STRAIGHT_THROUGH;
}

at::Tensor own_head_logits(TensorComponent& component, const at::Tensor& hidden, const at::Tensor& head,
                           const at::Tensor& bias) {
  const auto* table = static_cast<const welt_head_v1*>(component.component().interface(WELT_HEAD_INTERFACE));
  if (table == nullptr) return {};
  const std::string what = fmt::format("plugin {}: its logits", component.type().id);
  const Borrowed input(hidden), matrix(head);
  CallError error;
  welt_tensor* out = nullptr;
  const welt_status status = table->logits(component.component().raw(), input.ref(), matrix.ref(), &out, error.raw());
  const at::Tensor result = take_tensor(out);  // owned before anything throws
  if (status == WELT_UNIMPLEMENTED) return {};
  error.check(status, what);
  std::vector<std::int64_t> expected = hidden.sizes().vec();
  expected.back() = head.size(0);
  require_shape(result, expected, what);
  return bias.defined() ? result.add(bias) : result;
}

}  // namespace welt
