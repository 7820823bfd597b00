// BodyComponent: parameters, dtype, trace.
#include "body_component.h"

#include <ATen/core/grad_mode.h>

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
  if (!tensor.defined() || tensor.sizes() != at::IntArrayRef(shapes_[index]) || !tensor.is_floating_point()) {
    const auto text = [](at::IntArrayRef sizes) {
      std::string out = "[";
      for (const std::int64_t size : sizes) out += (out.size() == 1 ? "" : ", ") + std::to_string(size);
      return out + "]";
    };
    const std::string found =
        tensor.defined() ? text(tensor.sizes()) + " " + at::toString(tensor.scalar_type()) : "null";
    throw invalid("parameter \"" + slot.name + "\" was to be bound to a tensor " + found + "; expected " +
                      text(shapes_[index]) + " of a floating-point dtype",
                  slot.name);
  }
  *slot.tensor = tensor;
  ++generation_;
}

void BodyComponent::to(at::ScalarType type) {
  const at::NoGradGuard no_grad;
  for (const nn::Slot& slot : slots_) {
    if (slot.tensor->scalar_type() == type) continue;
    const bool wanted = slot.tensor->requires_grad();
    *slot.tensor = slot.tensor->detach().to(type).requires_grad_(wanted);
  }
  ++generation_;
}

void BodyComponent::require_bound() const {
  if (bound_generation_ == generation_) return;
  for (const nn::Slot& slot : slots_) {
    if (slot.tensor->is_meta()) {
      throw Failure(WELT_FAILED_PRECONDITION,
                    "parameter \"" + slot.name + "\" has no values yet; bind every parameter before the first forward",
                    slot.name);
    }
  }
  bound_generation_ = generation_;
}

}  // namespace v0_1
}  // namespace welt::sdk
