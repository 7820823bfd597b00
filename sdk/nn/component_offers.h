// Inside sdk/nn only: what a model offers beside nn::Model.
#pragma once

#include <string_view>
#include <welt/sdk/torch.hpp>

namespace welt::sdk::detail {

// welt.head/1, welt.gradients/1, welt.words/1; null: another id, or the model does not offer it.
const void* offer_table(const ModelComponent& component, std::string_view id);

}  // namespace welt::sdk::detail
