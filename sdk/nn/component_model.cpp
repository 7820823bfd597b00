// ModelComponent: one forward of a language model, and which tables it has.
#include <ATen/core/grad_mode.h>
#include <welt/abi/vocabulary.h>

#include <optional>

#include "body_component.h"
#include "component_offers.h"

namespace welt::sdk {
inline namespace v0_1 {

ModelComponent::ModelComponent(std::unique_ptr<nn::Model> model, const Descriptor& descriptor)
    : BodyComponent(std::move(model), descriptor.roles),
      model_(static_cast<nn::Model&>(body())),
      vocabulary_(model_.vocabulary()),
      flags_(descriptor.flags) {}

const void* ModelComponent::get_interface(std::string_view id) const {
  if (const void* table = detail::role_table(*this, id)) return has_role(id) ? table : nullptr;
  if (const void* table = detail::state_table(id)) return table;
  if (id == WELT_VOCABULARY_INTERFACE) return detail::vocabulary_table(*this);
  if (const void* table = detail::offer_table(*this, id)) return table;
  return detail::cache_table(*this, id);
}

at::Tensor ModelComponent::run(nn::RowInput input, at::Tensor* pooled) const {
  input.first_position = vocabulary_.first_position;
  const bool shapes_only = input.embeds.defined() && input.embeds.is_meta();
  if (!shapes_only) require_bound();
  if (input.embeds.defined() && input.embeds.dim() > 0 && input.embeds.size(-1) != vocabulary_.width) {
    throw invalid(
        "embeds are " + std::to_string(input.embeds.size(-1)) + " wide; expected " + std::to_string(vocabulary_.width),
        "embeds");
  }
  std::optional<at::NoGradGuard> no_grad;
  if (input.cache != nullptr) no_grad.emplace();

  const nn::RowPlan plan(input, trace());
  const bool looks_ahead = !input.causal || input.dense.defined() || plan.prefixes().defined();
  if ((flags_ & WELT_COMPONENT_STRICTLY_CAUSAL) != 0 && looks_ahead) {
    const std::string given = input.dense.defined() ? "a dense mask"
                              : input.causal        ? "a prefix block"
                                                    : "full attention";
    throw Failure(WELT_UNIMPLEMENTED,
                  given + " was asked for, but this model cannot look ahead; hand over causal rows");
  }
  const std::int64_t limit = model_.max_positions();
  if (limit > 0 && plan.longest_position() >= limit) {
    throw Failure(WELT_OUT_OF_RANGE, "position " + std::to_string(plan.longest_position()) +
                                         " was asked for; the model has " + std::to_string(limit) +
                                         " positions (max_position_embeddings)");
  }
  const at::Tensor hidden = model_.forward(plan.enter(input.embeds), plan);
  const at::Tensor out = plan.leave(hidden);
  if (pooled != nullptr) {
    *pooled = plan.rows() == 0 ? at::Tensor() : model_.pooler(plan.first_tokens(hidden));
  }
  plan.commit();
  return out;
}

}  // namespace v0_1
}  // namespace welt::sdk
