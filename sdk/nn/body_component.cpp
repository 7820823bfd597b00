// BodyComponent: parameters, dtype, trace.
#include "body_component.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>

#include "shape_text.h"

namespace welt::sdk {
inline namespace v0_1 {

at::TensorOptions detail::parameter_options(std::uint32_t init) {
  return at::TensorOptions(at::kFloat).device(init == WELT_INIT_RANDOM ? at::kCPU : at::kMeta);
}

BodyComponent::BodyComponent(std::unique_ptr<nn::Body> body, std::vector<std::string> roles)
    : body_(std::move(body)), roles_(std::move(roles)), slots_(body_->slots()) {
  for (const nn::Slot& slot : slots_) shapes_.push_back(slot.tensor->sizes().vec());
}

bool BodyComponent::has_role(std::string_view id) const { return std::ranges::find(roles_, id) != roles_.end(); }

std::function<void(std::string_view name, const at::Tensor& value)> BodyComponent::trace() const {
  if (trace_ == nullptr) return {};
  return [this](std::string_view name, const at::Tensor& value) {
    const welt_tensor box{value};
    trace_(trace_data_, to_abi(name), &box);
  };
}

void BodyComponent::bind(std::size_t index, const at::Tensor& tensor) {
  if (index >= slots_.size()) {
    throw Failure(WELT_OUT_OF_RANGE, "there are " + std::to_string(slots_.size()) + " parameters; number " +
                                         std::to_string(index) + " was to be bound");
  }
  const nn::Slot& slot = slots_[index];
  const std::string what = (slot.buffer ? "buffer \"" : "parameter \"") + slot.name + "\"";
  const at::ScalarType type = slot.tensor->scalar_type();
  const bool floating = at::isFloatingType(type);  // one floating dtype may take the place of another
  const bool fits = tensor.defined() && tensor.sizes() == at::IntArrayRef(shapes_[index]) &&
                    (floating ? tensor.is_floating_point() : tensor.scalar_type() == type);
  if (!fits) {
    const std::string found =
        tensor.defined() ? nn::shape_text(tensor.sizes()) + " " + at::toString(tensor.scalar_type()) : "null";
    throw invalid(what + " was to be bound to a tensor " + found + "; expected " + nn::shape_text(shapes_[index]) +
                      " of " + (floating ? "a floating-point dtype" : std::string("dtype ") + at::toString(type)),
                  slot.name);
  }
  if (slot.buffer && floating && !tensor.is_meta() && !at::isfinite(tensor).all().item<bool>())
    throw invalid(what + " was to be bound to values that are not finite; expected finite numbers", slot.name);
  install(slot, tensor);
  ++generation_;
}

void BodyComponent::install(const nn::Slot& slot, const at::Tensor& tensor) {
  const std::string& name = slot.tied_to.empty() ? slot.name : slot.tied_to;
  for (const nn::Slot& other : slots_)
    if (other.name == name || other.tied_to == name) *other.tensor = tensor;
}

void BodyComponent::to(at::ScalarType type) {
  const at::NoGradGuard no_grad;
  for (const nn::Slot& slot : slots_) {
    if (slot.tensor->scalar_type() == type || !slot.tensor->is_floating_point()) continue;
    const bool wanted = slot.tensor->requires_grad();
    install(slot, slot.tensor->detach().to(type).requires_grad_(wanted));
  }
  ++generation_;
}

void BodyComponent::require_bound() const {
  if (bound_generation_ == generation_) return;
  for (const nn::Slot& slot : slots_) {
    if (slot.tensor->is_meta()) {
      throw Failure(WELT_FAILED_PRECONDITION,
                    std::string(slot.buffer ? "buffer" : "parameter") + " \"" + slot.name +
                        "\" has no values yet; bind every parameter before the first forward",
                    slot.name);
    }
  }
  bound_generation_ = generation_;
}

}  // namespace v0_1
}  // namespace welt::sdk
