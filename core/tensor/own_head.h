// What a component offers beside its role: a head that is more than a product with its matrix (welt.head/1), and what
// its gradients are (welt.gradients/1). A component has neither, unless it says so.
#pragma once

#include "core/tensor/tensor_component.h"

namespace welt {

// hidden [..,D], head [V,E], bias [V] or undefined → [..,V], before a softcap, by the component's own head; undefined:
// it has none, and logits are the product of what head_transform() gives with the matrix. Throws Error where the
// component fails, or gives another shape.
at::Tensor own_head_logits(TensorComponent& component, const at::Tensor& hidden, const at::Tensor& head,
                           const at::Tensor& bias);

// Gradients pass roundings as if they were not there: they are not those of finite differences.
bool gradients_pass_roundings(const TensorComponent& component);

}  // namespace welt
