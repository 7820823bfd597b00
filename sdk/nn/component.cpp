// ModelComponent: parameters, dtype, trace, and one forward.
#include "component.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/dropout.h>

#include <optional>

namespace welt::nn {

at::Tensor dropout(const at::Tensor& x, double probability) {
  return probability > 0 ? at::dropout(x, probability, /*train=*/true) : x;
}

}  // namespace welt::nn

namespace welt::sdk {
inline namespace v0_1 {

at::TensorOptions detail::parameter_options(std::uint32_t init) {
  return at::TensorOptions(at::kFloat).device(init == WELT_INIT_RANDOM ? at::kCPU : at::kMeta);
}

ModelComponent::ModelComponent(std::unique_ptr<nn::Model> model, std::vector<std::string> roles)
    : model_(std::move(model)), roles_(std::move(roles)), vocabulary_(model_->vocabulary()), slots_(model_->slots()) {
  for (const nn::Slot& slot : slots_) shapes_.push_back(slot.tensor->sizes().vec());
}

const void* ModelComponent::get_interface(std::string_view id) const {
  if (const void* table = detail::role_table(*this, id)) {
    return std::ranges::find(roles_, id) != roles_.end() ? table : nullptr;
  }
  if (const void* table = detail::state_table(*this, id)) return table;
  return detail::cache_table(*this, id);
}

void ModelComponent::bind(std::size_t index, const at::Tensor& tensor) {
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

void ModelComponent::to(at::ScalarType type) {
  const at::NoGradGuard no_grad;
  for (const nn::Slot& slot : slots_) {
    if (slot.tensor->scalar_type() == type) continue;
    const bool wanted = slot.tensor->requires_grad();
    *slot.tensor = slot.tensor->detach().to(type).requires_grad_(wanted);
  }
  ++generation_;
}

void ModelComponent::require_bound() const {
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

at::Tensor ModelComponent::run(const nn::RowInput& input, at::Tensor* pooled) const {
  require_bound();
  if (input.embeds.defined() && input.embeds.dim() > 0 && input.embeds.size(-1) != vocabulary_.width) {
    throw invalid(
        "embeds are " + std::to_string(input.embeds.size(-1)) + " wide; expected " + std::to_string(vocabulary_.width),
        "embeds");
  }
  std::optional<at::NoGradGuard> no_grad;
  if (input.cache != nullptr) no_grad.emplace();

  nn::RowPlan::Trace trace;
  if (trace_ != nullptr) {
    trace = [this](std::string_view name, const at::Tensor& value) {
      const welt_tensor box{value};
      trace_(trace_data_, to_abi(name), &box);
    };
  }
  const nn::RowPlan plan(input, std::move(trace));
  const std::int64_t limit = model_->max_positions();
  if (limit > 0 && plan.longest_position() >= limit) {
    throw Failure(WELT_OUT_OF_RANGE, "position " + std::to_string(plan.longest_position()) +
                                         " was asked for; the model " + "has " + std::to_string(limit) +
                                         " positions (max_position_embeddings)");
  }
  const at::Tensor hidden = model_->forward(plan.enter(input.embeds), plan);
  const at::Tensor out = plan.leave(hidden);
  if (pooled != nullptr) {
    *pooled = plan.rows() == 0 ? at::Tensor() : model_->pooler(plan.first_tokens(hidden));
  }
  plan.commit();
  return out;
}

}  // namespace v0_1
}  // namespace welt::sdk
