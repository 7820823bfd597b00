// The tables of what a model offers beside nn::Model: a head of its own, what its gradients are, words read as text.
#include "component_offers.h"

#include <welt/abi/gradients.h>
#include <welt/abi/head.h>
#include <welt/abi/words.h>
#include <welt/nn/offers.h>

#include <vector>

#include "body_component.h"
#include "shape_text.h"

namespace welt::sdk::detail {
namespace {

const nn::OwnHead* own_head(const ModelComponent& component) {
  const auto* head = dynamic_cast<const nn::OwnHead*>(&component.model());
  return head != nullptr && head->has_own_head() ? head : nullptr;
}

welt_status logits(welt_component* component, const welt_tensor* hidden, const welt_tensor* head, welt_tensor** out,
                   welt_error* error) {
  return torch_fence(error, "logits", [&] {
    welt_tensor*& result = place(out);
    if (hidden == nullptr || head == nullptr) throw invalid("hidden or head is null");
    const ModelComponent& self = component_of(component);
    const std::int64_t width = self.vocabulary().width, hidden_width = self.model().width();
    if (hidden->value.dim() < 1 || hidden->value.size(-1) != hidden_width)
      throw invalid("hidden is " + nn::shape_text(hidden->value.sizes()) + "; expected [.., " +
                        std::to_string(hidden_width) + "]",
                    "hidden");
    if (head->value.dim() != 2 || head->value.size(1) != width)
      throw invalid("head is " + nn::shape_text(head->value.sizes()) + "; expected [V, " + std::to_string(width) + "]",
                    "head");
    result = give(own_head(self)->logits(hidden->value, head->value));
  });
}

std::uint32_t kind(const welt_component* component) {
  std::uint32_t out = WELT_GRADIENTS_EXACT;
  torch_fence(nullptr, "kind", [&] {
    const auto* passing = dynamic_cast<const nn::StraightThroughGradients*>(&component_of(component).model());
    if (passing != nullptr && passing->rounds()) out = WELT_GRADIENTS_STRAIGHT_THROUGH;
  });
  return out;
}

welt_status encode_words(welt_component* component, const welt_string* words, std::uint64_t count, welt_tensor** out,
                         welt_error* error) {
  return torch_fence(error, "encode", [&] {
    welt_tensor*& result = place(out);
    if (words == nullptr && count > 0) throw invalid("there are " + std::to_string(count) + " words, but no texts");
    const ModelComponent& self = component_of(component);
    for (const nn::Slot& slot : self.slots())
      if (slot.tensor->is_meta())
        throw Failure(WELT_FAILED_PRECONDITION, slot.name + " has no memory; bind it before the first call", slot.name);
    std::vector<std::string_view> texts;
    for (std::uint64_t i = 0; i < count; ++i) texts.push_back(text_from_abi(words[i], "word " + std::to_string(i)));
    result = give(dynamic_cast<const nn::ReadsWords&>(self.model()).encode_words(texts));
  });
}

constexpr welt_head_v1 head_table = {.struct_size = sizeof(head_table), .logits = logits};
constexpr welt_gradients_v1 gradients_table = {.struct_size = sizeof(gradients_table), .kind = kind};
constexpr welt_words_v1 words_table = {.struct_size = sizeof(words_table), .encode = encode_words};

}  // namespace

const void* offer_table(const ModelComponent& component, std::string_view id) {
  if (id == WELT_HEAD_INTERFACE) return own_head(component) != nullptr ? &head_table : nullptr;
  if (id == WELT_GRADIENTS_INTERFACE)
    return dynamic_cast<const nn::StraightThroughGradients*>(&component.model()) != nullptr ? &gradients_table
                                                                                            : nullptr;
  if (id == WELT_WORDS_INTERFACE)
    return dynamic_cast<const nn::ReadsWords*>(&component.model()) != nullptr ? &words_table : nullptr;
  return nullptr;
}

}  // namespace welt::sdk::detail
